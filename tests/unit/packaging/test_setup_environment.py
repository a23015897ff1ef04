"""The stamp tells when there is nothing to do, and when there is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import setup_environment
from setup_environment import Environment

CHECKOUT = Path(__file__).parents[3]
PYPROJECT = """
[project]
name = "studiolo"
dependencies = ["torch", "llama-cpp-python"]
[dependency-groups]
test = ["pytest"]
[tool.setuptools]
[tool.ruff]
line-length = 100
"""


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    folder = tmp_path / "packaging"
    folder.mkdir()
    pins = "pip==1\nsetuptools==1\ntorch==2.0\nllama_cpp_python==0.3\n"
    (folder / "constraints.txt").write_text(pins)
    return tmp_path


@pytest.fixture
def pip_runs(monkeypatch, checkout):
    """What would have been asked of pip; the installed command appears as with the real one."""
    runs = []

    def note(python, arguments, *, console, log, environment=None):
        runs.append((arguments[5:], environment))
        if "--editable" in arguments:
            Environment(checkout).studiolo.touch()

    really_run = subprocess.run

    def run_without_pip(command, **options):
        # Putting pip into the environment takes seconds, and nothing here runs it.
        return really_run([*command, "--without-pip"], **options)

    monkeypatch.setattr(setup_environment.subprocess, "run", run_without_pip)
    monkeypatch.setattr(setup_environment, "run_pip", note)
    monkeypatch.setattr(setup_environment, "_answers", lambda url: False)
    return runs


def prepared(checkout, console, **options):
    environment = Environment(checkout)
    environment.prepare(options.get("groups", []), options.get("gpu"), console)
    return environment


def test_is_ready_once_prepared(checkout, console, pip_runs):
    assert not Environment(checkout).is_ready([], None)
    environment = prepared(checkout, console)
    assert environment.is_ready([], None)
    assert not environment.is_ready(["test"], None)
    assert not environment.is_ready([], "cuda")


def test_torch_comes_first_and_by_itself(checkout, console, pip_runs):
    prepared(checkout, console)
    asked = [arguments for arguments, _ in pip_runs]
    assert asked[0] == ["--upgrade", "pip==1", "setuptools==1"]
    assert asked[1] == ["torch"]
    assert asked[-1][-2:] == ["--editable", str(checkout)]


def test_the_cpu_index_is_used_where_it_answers(checkout, console, pip_runs, monkeypatch):
    monkeypatch.setattr(setup_environment, "_answers", lambda url: True)
    monkeypatch.setattr(setup_environment.system, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(sys, "platform", "linux")
    prepared(checkout, console)
    assert ["torch", "--extra-index-url", setup_environment.PYTORCH_CPU_INDEX] in [
        arguments for arguments, _ in pip_runs
    ]


def test_a_group_is_added_without_the_rest(checkout, console, pip_runs):
    prepared(checkout, console)
    pip_runs.clear()
    environment = prepared(checkout, console, groups=["test"])
    assert [arguments for arguments, _ in pip_runs] == [
        ["--group", f"{checkout / 'pyproject.toml'}:test"]
    ]
    assert environment.is_ready(["test"], None)


@pytest.mark.parametrize("changed", ["pins", "dependencies"])
def test_a_change_of_packages_is_noticed(checkout, console, pip_runs, changed):
    environment = prepared(checkout, console, groups=["test"])
    if changed == "pins":
        pins = checkout / "packaging" / "constraints.txt"
        pins.write_text(pins.read_text() + "numpy==2\n")
    else:
        (checkout / "pyproject.toml").write_text(PYPROJECT.replace('"torch"', '"torch", "lxml"'))
    assert not environment.is_ready([], None)
    assert prepared(checkout, console).is_ready([], None)


def test_a_change_of_tool_settings_is_not(checkout, console, pip_runs):
    environment = prepared(checkout, console)
    (checkout / "pyproject.toml").write_text(PYPROJECT.replace("100", "99"))
    assert environment.is_ready([], None)


def test_a_moved_checkout_is_noticed(checkout, console, pip_runs, tmp_path_factory):
    prepared(checkout, console)
    moved = tmp_path_factory.mktemp("moved") / "checkout"
    checkout.rename(moved)
    assert not Environment(moved).is_ready([], None)


def test_an_interrupted_set_up_is_not_ready(checkout, console, monkeypatch, pip_runs):
    def stop(python, arguments, **_options):
        if "llama-cpp-python" in arguments:
            raise KeyboardInterrupt

    monkeypatch.setattr(setup_environment, "run_pip", stop)
    with pytest.raises(KeyboardInterrupt):
        prepared(checkout, console)
    assert not Environment(checkout).is_ready([], None)


def test_gpu_builds_past_pips_cache_and_stays(checkout, console, pip_runs, monkeypatch):
    monkeypatch.setattr(setup_environment.system, "check_gpu", lambda gpu: None)
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    prepared(checkout, console, gpu="vulkan")
    [(arguments, variables)] = [run for run in pip_runs if run[1]]
    assert variables["CMAKE_ARGS"] == "-DGGML_VULKAN=on"
    assert "--no-cache-dir" in arguments
    # Without saying so again, the choice stays; a change of pins builds for it again.
    assert Environment(checkout).is_ready([], None)
    pins = checkout / "packaging" / "constraints.txt"
    pins.write_text(pins.read_text() + "numpy==2\n")
    pip_runs.clear()
    prepared(checkout, console)
    assert [run for run in pip_runs if run[1] and run[1]["CMAKE_ARGS"] == "-DGGML_VULKAN=on"]
    assert json.loads((checkout / ".venv" / "set-up.json").read_text())["gpu"] == "vulkan"


@pytest.mark.parametrize(("machine", "without_amx"), [("x86_64", True), ("arm64", False)])
def test_llama_is_compiled_without_amx_where_a_processor_may_have_it(
    checkout, console, pip_runs, monkeypatch, machine, without_amx
):
    monkeypatch.setattr(setup_environment.sys, "platform", "linux")
    monkeypatch.setattr(setup_environment.platform, "machine", lambda: machine)
    monkeypatch.setenv("CFLAGS", "-g")
    prepared(checkout, console)
    [variables] = [
        variables for names, variables in pip_runs if "-v" in names and "llama-cpp-python" in names
    ]
    assert (variables.get("CFLAGS") == "-g -U__AMX_INT8__") is without_amx


def test_every_direct_dependency_is_pinned():
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    lines = (CHECKOUT / "packaging" / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pins = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    declared = list(project["project"]["dependencies"])
    for group in project["dependency-groups"].values():
        declared += group
    for line in declared:
        requirement = Requirement(line)
        version = pins[requirement.name.lower().replace("_", "-")]
        assert requirement.specifier.contains(version), line
