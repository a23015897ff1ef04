"""Who may import whom, shown by importing: import-linter reads the code, this runs it."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
HEADLESS = ("assistant", "indexing", "models")
HEAVY = (
    "chromadb", "httpx2", "huggingface_hub", "llama_cpp", "sentence_transformers", "torch",
    "transformers",
)  # fmt: skip
# What the app process is made of: the window, the command line, and what both stand on.
APP_PROCESS = ("assistant.assistant", "assistant.cli.main", "desktop.app")

IMPORT_ALL = """
import importlib, json, sys
names, blocked, watched = json.loads(sys.argv[1])
for name in blocked:
    sys.modules[name] = None  # any import of it raises ImportError
for name in names:
    importlib.import_module(name)
print(json.dumps([name for name in watched if name in sys.modules]))
"""


def import_in_child(names, *, blocked=(), watched=()):
    """Import modules in a fresh interpreter and return which of the watched ones came along."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, json.dumps([list(names), blocked, watched])],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def modules_of(package):
    path = CHECKOUT / package
    found = pkgutil.walk_packages([str(path)], prefix=f"{package}.")
    # A __main__ is run, not imported.
    return [package, *(module.name for module in found if not module.name.endswith("__main__"))]


@pytest.mark.parametrize("package", HEADLESS)
def test_imports_without_qt(package):
    names = modules_of(package)
    assert len(names) > 1
    import_in_child(names, blocked=["PySide6", "shiboken6", "qtawesome"])


def test_blocking_blocks():
    with pytest.raises(AssertionError, match="PySide6"):
        import_in_child(["PySide6.QtCore"], blocked=["PySide6"])


@pytest.mark.parametrize("module", APP_PROCESS)
def test_app_process_loads_no_model_library(module):
    assert find_spec(module) is not None
    assert import_in_child([module], watched=HEAVY) == []


def test_watching_sees():
    assert import_in_child(["torch"], watched=HEAVY) == ["torch"]
