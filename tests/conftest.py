"""What every test stands on: an empty data folder, real small models, and nothing left behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from indexing.cores import POOL_NAME

# Before anything imports Qt or a hub client: no display is needed and no hub is asked.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

# The same examples each time, and none fails for taking long where the machine is busy.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

CHECKOUT = Path(__file__).resolve().parent.parent
CACHE = str(Path.home() / ".cache")
# What ends needs a moment on a busy machine; only a failing test waits so long.
LEAK_GRACE_S = 60.0


# --- Data ---------------------------------------------------------------------------------------


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty data folder of the test's own, which STUDIOLO_DATA_DIR names too."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def home_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder in which no other program has left models."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session", autouse=True)
def _elsewhere(home_dir: Path) -> Iterator[None]:
    """Let what the person who runs the tests has on this machine be out of sight."""
    with pytest.MonkeyPatch.context() as patch:
        # Caches of fonts and packages stay where they are: tests only read them, and slowly
        # without.
        patch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or CACHE)
        for name in ("HOME", "USERPROFILE", "HF_HOME", "OLLAMA_MODELS"):
            patch.setenv(name, str(home_dir))
        for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def _isolated(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIOLO_DATA_DIR", str(data_dir))


# --- Models -------------------------------------------------------------------------------------


def models_folder() -> Path:
    """Where the test models lie: STUDIOLO_TEST_MODELS, or .models in the checkout."""
    return Path(os.environ.get("STUDIOLO_TEST_MODELS") or CHECKOUT / ".models")


def _model(name: str) -> Path:
    path = models_folder() / name
    if not path.exists():
        # Failing, not skipping: a skipped test would let a broken set-up look like a pass.
        pytest.fail(f"{path} is missing: run 'python packaging/studiolo.py test', which fetches it")
    return path


@pytest.fixture(scope="session")
def smollm_path() -> Path:
    """A 135M chat model, 98 MB: loads in a moment, answers nonsense. For tests of plumbing."""
    return _model("SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture(scope="session")
def qwen_small_path() -> Path:
    """A 0.5B chat model, 491 MB, for what needs a model that follows instructions a little."""
    return _model("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")


@pytest.fixture(scope="session")
def starter_path() -> Path:
    """The starter model, 1.1 GB, for what needs good answers. Mark such tests slow."""
    return _model("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")


@pytest.fixture(scope="session")
def embedder_path() -> Path:
    """The folder of all-MiniLM-L6-v2."""
    return _model("all-MiniLM-L6-v2")


# --- Nothing left behind ------------------------------------------------------------------------


def _children() -> set[psutil.Process]:
    alive: set[psutil.Process] = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE:
                alive.add(child)
        except psutil.NoSuchProcess:
            continue
    return alive


def _threads() -> set[threading.Thread]:
    # The embedder's threads idle for as long as the process lives, as OpenMP's do.
    return {
        thread
        for thread in threading.enumerate()
        if not thread.daemon and not thread.name.startswith(POOL_NAME)
    }


def _describe(process: psutil.Process) -> str:
    try:
        return f"process {process.pid}: {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return f"process {process.pid}"


@pytest.fixture(autouse=True)
def _no_leaks(_isolated: None) -> Iterator[None]:
    """Fail a test that leaves child processes or non-daemon threads running.

    What a fixture of a wider scope started counts as there before. The fixture asks for nothing
    but the isolation, so that it is set up first and looks again after all others are torn down.
    """
    children, threads = _children(), _threads()
    yield
    deadline = time.monotonic() + LEAK_GRACE_S
    while True:
        left_children, left_threads = _children() - children, _threads() - threads
        if not (left_children or left_threads):
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    left = [_describe(child) for child in left_children]
    left += [f"thread {thread.name}" for thread in left_threads]
    for child in left_children:
        child.kill()
    pytest.fail("left running: " + "; ".join(left))
