"""Every problem is one sentence with its way out."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import setup_cli
import setup_system
from setup_console import Console, SetUpError, elapsed, size
from setup_pip import describe, explain, run_pip

SCRIPT = Path(setup_cli.__file__).with_name("studiolo.py")
LOG = Path("set-up.log")


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        (
            "NameResolutionError(...)\nERROR: No matching distribution found for torch==2.13.0",
            "connect to the internet",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE FILE", "not the one"),
        ("ERROR: Failed building wheel for llama-cpp-python", "could not be compiled"),
        ("ERROR: No matching distribution found for torch==2.13.0", "torch==2.13.0"),
        ("ERROR: something new", "something new"),
        ("", "set-up.log"),
    ],
)
def test_pip_failures_are_explained(output, says):
    message = str(explain(output.splitlines(), LOG))
    assert says in message
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("  [12/193] /usr/bin/g++ -DGGML", "compiling, 12 of 193 files (6 %)"),
        ("Collecting scipy (from x)", "looking up scipy"),
        ("  Downloading scipy-1.17.1-cp311.whl (35.2 MB)", "downloading scipy (35.2 MB)"),
        ("Installing collected packages: a, b, c", "unpacking 3 packages"),
        ("WARNING: anything", None),
    ],
)
def test_pip_output_is_put_into_words(line, says):
    assert describe(line) == says


def test_a_failing_pip_is_a_problem_and_is_logged(console, index, tmp_path):
    log = tmp_path / "pip.log"
    with pytest.raises(SetUpError, match="no-such-package"):
        run_pip(Path(sys.executable), ["install", "no-such-package"], console=console, log=log)
    assert "No matching distribution" in log.read_text("utf-8")


def test_a_killed_pip_is_a_problem(console, tmp_path):
    # Stands in for pip: an interpreter that takes any arguments and is killed, as when memory
    # runs out.
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -9 $$\n")
    python.chmod(0o755)
    with pytest.raises(SetUpError, match=r"signal 9.*again"):
        run_pip(python, ["install"], console=console, log=tmp_path / "pip.log")


@pytest.mark.skipif(sys.platform == "win32", reason="about process groups")
def test_an_interruption_ends_the_compilers_too(console, tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nsleep 60 & echo $! > {tmp_path}/compiler\nwait\n")
    python.chmod(0o755)

    def stop(_text):
        if (tmp_path / "compiler").exists() and (tmp_path / "compiler").read_text():
            raise KeyboardInterrupt

    monkeypatch.setattr(console, "progress", stop)
    with pytest.raises(KeyboardInterrupt):
        run_pip(python, ["install"], console=console, log=tmp_path / "pip.log")
    compiler = int((tmp_path / "compiler").read_text())
    deadline = time.monotonic() + 60
    while not is_gone(compiler) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_gone(compiler)


def is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# --- Checks -------------------------------------------------------------------------------------


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(setup_system, "_visual_studio", lambda: False)
    with pytest.raises(SetUpError, match=r"no C\+\+ compiler.*again\.$"):
        setup_system.check_compiler()
    (tmp_path / "c++").touch(mode=0o755)
    setup_system.check_compiler()


def test_no_space(tmp_path):
    with pytest.raises(SetUpError, match=r"1000\.00 TB|GB of free disk space") as caught:
        setup_system.check_space([(tmp_path / "not" / "there", 10**15, "the models")])
    assert "the models" in str(caught.value)
    setup_system.check_space([(tmp_path, 1, "the models")])


def test_needs_on_one_disk_are_added_up(tmp_path):
    import shutil

    free = shutil.disk_usage(tmp_path).free
    most = free * 2 // 3
    setup_system.check_space([(tmp_path, most, "one")])
    with pytest.raises(SetUpError, match="one, another"):
        setup_system.check_space([(tmp_path, most, "one"), (tmp_path / "b", most, "another")])


def test_no_gpu_tools(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetUpError, match=r"'nvcc'.*'--gpu'"):
        setup_system.check_gpu("cuda")
    setup_system.check_gpu("none")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about Linux's libraries")
def test_missing_qt_libraries(monkeypatch):
    monkeypatch.setattr(setup_system, "QT_LIBRARIES", {"libnone.so.7": ("libnone7", "none-libs")})
    with pytest.raises(SetUpError, match=r"libnone\.so\.7.*(libnone7|none-libs)"):
        setup_system.check_qt_libraries(window=False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about Linux's displays")
def test_no_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SetUpError, match="no display"):
        setup_system.check_display()


# --- The script ---------------------------------------------------------------------------------


def test_the_entry_parses_with_old_pythons():
    source = SCRIPT.read_bytes()
    source.decode("ascii")
    # Nothing that Python 2 or 3.0 could not read: f-strings, annotations, walrus, match.
    tree = compile(source, str(SCRIPT), "exec", flags=0x400)
    import ast

    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, new)]


def test_an_old_python_is_told(monkeypatch, capsys):
    import studiolo

    monkeypatch.setattr(sys, "version_info", (3, 6, 15))
    assert studiolo.main() == 1
    told = capsys.readouterr().err
    assert "3.11 or newer" in told
    assert "Python 3.6" in told


@pytest.mark.parametrize(
    ("arguments", "status"), [([], 2), (["--help"], 0), (["nonsense"], 2), (["run", "--help"], 0)]
)
def test_usage(arguments, status):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert "usage: python packaging/studiolo.py" in done.stdout + done.stderr


def test_only_one_set_up_at_a_time(monkeypatch, tmp_path):
    monkeypatch.setattr(setup_cli, "CHECKOUT", tmp_path)
    with (
        setup_cli._only_one(),
        pytest.raises(SetUpError, match="already at work"),
        setup_cli._only_one(),
    ):
        pass
    with setup_cli._only_one():
        pass


def test_a_problem_is_one_line_and_status_1(monkeypatch, capsys):
    def fail(*_arguments):
        raise SetUpError("The disk is full: make room.")

    monkeypatch.setattr(setup_cli, "_check", fail)
    assert setup_cli.main(["check"]) == 1
    assert capsys.readouterr().err == "The disk is full: make room.\n"


def test_ctrl_c_says_that_it_goes_on(monkeypatch, capsys):
    def stop(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(setup_cli, "_check", stop)
    assert setup_cli.main(["check"]) == 130
    assert "goes on where it was" in capsys.readouterr().err


# --- Small things -------------------------------------------------------------------------------


def test_the_data_folder_is_the_apps(monkeypatch, tmp_path):
    from assistant.paths import DataPaths

    assert setup_cli.data_folder(None) == DataPaths.default().root
    monkeypatch.delenv("STUDIOLO_DATA_DIR")
    assert setup_cli.data_folder(None) == DataPaths.default().root
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert setup_cli.data_folder(None) == DataPaths.default().root
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert setup_cli.data_folder(None) == DataPaths.default().root
    assert setup_cli.data_folder(Path("here")) == DataPaths.default("here").root


def test_a_log_gets_few_lines(monkeypatch):
    import io

    stream = io.StringIO()
    console = Console(stream)
    console.step("Fetching")
    for count in range(1000):
        console.progress(f"{count} MB")
    console.done("there")
    assert len(stream.getvalue().splitlines()) == 2


def test_units():
    assert [size(1.1e9), size(98e6), size(5e3)] == ["1.10 GB", "98 MB", "5 kB"]
    assert [elapsed(5), elapsed(65), elapsed(3700)] == ["0:05", "1:05", "1:01:40"]
