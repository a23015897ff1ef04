"""Renders the window's states into a folder, to be looked at.

    python tests/desktop/screens.py FOLDER [NAME…]

Both themes, 1280×800 and 900×600. The documents are indexed for real and the conversations
come from the real store (see `scenes`).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

import reading_scenes  # noqa: E402
import scenes  # noqa: E402
import shelves  # noqa: E402
import small_windows  # noqa: E402
from PySide6.QtCore import QPoint, QRect  # noqa: E402
from PySide6.QtGui import QFont, QFontDatabase  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from assistant.answering.types import AnswerDelta, AskRequest, Phase  # noqa: E402
from assistant.assistant import Assistant  # noqa: E402
from assistant.paths import DataPaths  # noqa: E402
from desktop.app import Window, make_application  # noqa: E402
from desktop.presenters.live import LiveAnswer  # noqa: E402
from desktop.views.dialogs import PrivacySheet, ShortcutsSheet  # noqa: E402
from desktop.views.question_view import QuestionView  # noqa: E402
from desktop.widgets.disclosure import Disclosure  # noqa: E402

SIZES = ((1280, 800), (900, 600))
FULL = (
    "new-chat", "answer", "code", "card", "sources", "source-panel", "notice", "drop", "settings",
    "outcomes", "edit", "sheet", "reading", "writing",
)  # fmt: skip
READABLE = ("Inter", "Cantarell", "Noto Sans", "Segoe UI", "SF Pro Text", "DejaVu Sans")


def use_readable_font(application: QApplication) -> None:
    """Take a font that people have: without a desktop Qt falls back on whatever there is."""
    families = set(QFontDatabase.families())
    family = next((name for name in READABLE if name in families), None)
    if family is None:
        raise RuntimeError("no readable font is installed: the pictures would show boxes")
    font = QFont(family)
    font.setPointSizeF(10)
    application.setFont(font)


class Studio:
    """A window with something in it, and a camera."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.folder = folder
        self.names = names
        self.application = make_application()
        use_readable_font(self.application)

    def settle(self, seconds: float = 0.15, until: Callable[[], bool] | None = None) -> None:
        """Let the window work for a while, or until something is so."""
        deadline = time.monotonic() + (30 if until else seconds)
        while time.monotonic() < deadline and not (until and until()):
            self.application.processEvents()
            time.sleep(0.005)
        for _ in range(5):
            self.application.processEvents()

    def wanted(self, name: str) -> bool:
        """Whether a picture is asked for."""
        return not self.names or any(name.startswith(part) for part in self.names)

    def wanted_of(self, beginning: str) -> bool:
        """Whether a picture may be asked for whose name begins so."""
        return self.wanted(beginning) or any(part.startswith(beginning) for part in self.names)

    def shoot(self, window: Window, name: str, prepare: Callable[[], Any] | None = None) -> None:
        """Take a picture in both themes and sizes; `prepare` is run before each."""
        if not self.wanted(name):
            return
        for theme in ("light", "dark"):
            for width, height in SIZES:
                window.theme.choose(theme)
                window.main.resize(width, height)
                self.settle()
                if prepare is not None:
                    prepare()
                self.settle()
                picture = window.main.grab()
                picture.save(str(self.folder / f"{name}-{theme}-{width}.png"))

    def window(self, paths: DataPaths) -> Window:
        """Open a window on a data folder and wait for its assistant."""
        window = Window(self.application, paths.create(), [])
        window.show()
        self.settle(until=lambda: window.session.assistant is not None)
        self.settle(0.5)
        return window


def empty(studio: Studio, root: Path) -> None:
    """Nothing is there yet: no model, no document."""
    if not studio.wanted("nothing"):
        return
    paths = DataPaths(root).create()
    scenes.link_models(paths, None)
    window = studio.window(paths)
    studio.shoot(window, "nothing")
    for page in ("library", "models"):
        window.main.show_page(page)
        studio.shoot(window, f"nothing-{page}")
    window.main.close()
    window.close()


def full(studio: Studio, root: Path) -> None:
    """A library, conversations, and everything that can be open over them."""
    if not any(studio.wanted_of(name) for name in FULL):
        return
    paths = DataPaths(root).create()
    scenes.link_models(paths, "SmolLM2-135M-Instruct.Q4_1.gguf")
    assistant = Assistant(paths)
    rows = scenes.add_documents(assistant, root / "mine")
    lease = next(row for row in rows if row.path.endswith("lease.md"))
    talk = scenes.write_conversations(assistant, lease)
    outcomes = scenes.write_outcomes(assistant)
    assistant.close()
    window = studio.window(paths)
    session, main = window.session, window.main
    studio.settle(until=lambda: session.models.state == "ready")
    studio.settle(until=lambda: len(session.documents.rows) == len(rows))

    studio.shoot(window, "new-chat")
    session.conversations.open(talk.id)
    studio.settle(until=lambda: len(session.chat.messages) == 4)
    bar = main._chat._scroll.verticalScrollBar()
    studio.shoot(window, "answer", lambda: bar.setValue(0))
    studio.shoot(window, "code", lambda: bar.setValue(bar.maximum()))
    answer = session.chat.messages[1].answer
    assert answer is not None

    def card() -> None:
        bar.setValue(0)
        main._chat._on_citation_hovered(
            answer.citations[1],
            QRect(main.mapToGlobal(QPoint(main.width() // 2, 200)), QRect(0, 0, 16, 16).size()),
        )

    studio.shoot(window, "card", card)
    main._chat._on_citation_hovered(None, QRect())
    for opener in main._chat.findChildren(Disclosure):
        if "source" in opener.accessibleName():
            opener.setChecked(True)
    studio.shoot(window, "sources", lambda: bar.setValue(0))
    studio.shoot(window, "source-panel", lambda: main.show_citation(answer.citations[1]))
    main._close_source()
    session.notices.show("Deleted “Reading list”.", "Undo", lambda: None)
    studio.shoot(window, "notice")
    main._snackbar.hide()
    overlay = main._drop.overlay
    overlay.cover("Drop to ask about it", "They stay on this computer.")
    studio.shoot(window, "drop", lambda: overlay.setGeometry(main.rect()))
    overlay.hide()
    main.show_page("settings")
    studio.shoot(window, "settings")
    main.show_page("chat")
    session.conversations.open(outcomes.id)
    studio.settle(until=lambda: len(session.chat.messages) == 6)
    studio.shoot(window, "outcomes")
    first = main._chat._items[0].widget
    assert isinstance(first, QuestionView)
    first._on_edit()
    studio.shoot(window, "edit", lambda: bar.setValue(0))
    sheets(studio, window)
    session.conversations.open(talk.id)
    studio.settle(until=lambda: len(session.chat.messages) == 4)
    streaming(studio, window, talk.id)
    main.close()
    window.close()


def sheets(studio: Studio, window: Window) -> None:
    """The small windows."""
    if not studio.wanted("sheet"):
        return
    for theme in ("light", "dark"):
        window.theme.choose(theme)
        for show, kind in (
            (window.main._sheets.show_privacy, PrivacySheet),
            (window.main._sheets.show_shortcuts, ShortcutsSheet),
        ):
            show()
            studio.settle()
            sheet = window.main.findChild(kind)
            assert sheet is not None
            sheet.grab().save(str(studio.folder / f"sheet-{kind.__name__}-{theme}.png"))
            sheet.close()
            studio.settle()


def streaming(studio: Studio, window: Window, conversation: int) -> None:
    """An answer while it comes: first the wait, then the words."""
    session = window.session
    said = "And what about the deposit?"
    live = LiveAnswer(AskRequest(said, conversation=conversation), session.chat)
    steps: list[Any] = [Phase("searching", 0, 2), scenes.PLAN, Phase("reading", 420, 1240)]
    go_on = [False]

    def script() -> Generator[Any, None, None]:
        yield from steps
        while not go_on[0]:
            time.sleep(0.02)
            yield Phase("reading", 420, 1240)
        yield Phase("writing")
        yield AnswerDelta(
            "The tenant pays a deposit of **two months' rent** before moving in. The landl"
        )
        while True:
            time.sleep(0.02)
            yield Phase("writing")

    session.chat._lives = [live]
    live.follow(session.bridge.start("picture", script))
    session.chat.messages_changed.emit()
    session.chat.live_changed.emit()
    studio.settle(until=lambda: live.phase is not None and live.phase.name == "reading")
    studio.shoot(window, "reading")
    go_on[0] = True
    studio.settle(until=lambda: bool(live.text))
    window.main._composer._field.setPlainText("A next question, typed while the answer comes")
    studio.shoot(window, "writing")
    live.stop()
    studio.settle(until=lambda: live.is_over)


def main(arguments: list[str]) -> int:
    """Take the pictures."""
    if not arguments:
        sys.stderr.write(__doc__ or "")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    studio = Studio(folder, arguments[1:])
    with tempfile.TemporaryDirectory() as temporary:
        empty(studio, Path(temporary) / "empty")
        full(studio, Path(temporary) / "full")
        shelves.shoot(studio, Path(temporary) / "shelves")
        reading_scenes.shoot(studio, Path(temporary) / "reading")
        small_windows.shoot(studio, Path(temporary) / "small")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
