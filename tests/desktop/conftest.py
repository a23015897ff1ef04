"""What the window's tests stand on: a font that can be read, a theme, patience."""

from __future__ import annotations

import functools
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).resolve().parent))

import scenes

from assistant import respondents
from assistant.answering.types import AnsweringSettings
from assistant.paths import DataPaths
from desktop.app import Window
from desktop.bridge import Bridge
from desktop.presenters.notices import Notice, Notices
from desktop.theme.theme import Theme

PATIENCE_MS = 90_000


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            # The offscreen platform says this of every window; it means nothing.
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints"))


@pytest.fixture(scope="session", autouse=True)
def _readable(qapp: QApplication) -> None:
    """Without any font Qt draws boxes, and sizes mean nothing."""
    if not QFontDatabase.families():
        pytest.fail("no font is installed: install any, such as fonts-dejavu-core")
    QLocale.setDefault(QLocale(QLocale.Language.English))


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, "light")


@pytest.fixture
def bridge(qapp: QApplication):
    made = Bridge()
    yield made
    assert made.close(PATIENCE_MS / 1000), "a run did not end when it was asked to"


@pytest.fixture
def said(bridge: Bridge) -> tuple[Notices, list[Notice]]:
    """The notices of a window, and what they said."""
    notices = Notices()
    heard: list[Notice] = []
    notices.shown.connect(heard.append)
    notices.begin()
    return notices, heard


class PatientBot(QtBot):
    """Waits as long as a busy machine may take; only a failing test waits so long."""

    def waitSignal(self, signal, *, timeout=PATIENCE_MS, **options):  # noqa: N802 -- as pytest-qt calls it
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitSignals(self, signals, *, timeout=PATIENCE_MS, **options):  # noqa: N802 -- as pytest-qt calls it
        return super().waitSignals(signals, timeout=timeout, **options)

    def waitUntil(self, callback, *, timeout=PATIENCE_MS):  # noqa: N802 -- as pytest-qt calls it
        super().waitUntil(callback, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:
    return PatientBot(request)


@pytest.fixture
def until(qtbot: PatientBot) -> Callable[..., None]:
    """Wait until something is so, and fail if it does not become so."""

    def wait(condition: Callable[[], object], timeout_s: float = PATIENCE_MS / 1000) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=round(timeout_s * 1000))

    return wait


@pytest.fixture
def short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small models, which ramble, write a sentence and no more."""
    made = functools.partial(AnsweringSettings, max_answer_tokens=16)
    monkeypatch.setattr(respondents, "AnsweringSettings", made)


@pytest.fixture(autouse=True)
def _collected():
    """Let what a test left behind go on this thread, before the next one begins."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def library_window(qapp, embedder_path, tmp_path_factory):
    """A window on an empty library, whose processes for documents run already.

    One for a module: starting them takes seconds.
    """
    paths = DataPaths(tmp_path_factory.mktemp("library")).create()
    scenes.link_models(paths, None)
    warm = paths.root / "warm.txt"
    warm.write_text("These words start the processes.", encoding="utf-8")
    window = Window(qapp, paths, [])
    window.main.resize(1280, 800)
    window.show()
    deadline = time.monotonic() + PATIENCE_MS / 1000

    def wait(condition: Callable[[], object]) -> None:
        while not condition():
            assert time.monotonic() < deadline, "the window did not come up"
            qapp.processEvents()
            time.sleep(0.01)

    wait(lambda: window.session.assistant is not None)
    window.session.assistant.folders.worker.start()
    window.session.library.add([str(warm)])
    wait(lambda: not window.session.documents.adding)
    yield window
    window.main.close()
    window.close()
