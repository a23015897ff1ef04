"""Short messages about what happened, with at most one thing to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal


class Notice(NamedTuple):
    """One message.

    Attributes:
        action: What the button says; "" for none.
        act: What it does.
        gone: Called once the message is gone and the button was not used.
    """

    text: str
    action: str
    act: Callable[[], None] | None
    gone: Callable[[], None] | None = None


class Notices(QObject):
    """Collects messages until there is a window to show them, then passes them on.

    Signals:
        shown: A `Notice`.
    """

    shown = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[Notice] | None = []

    def show(
        self,
        text: str,
        action: str = "",
        act: Callable[[], None] | None = None,
        gone: Callable[[], None] | None = None,
    ) -> None:
        """Show a message."""
        notice = Notice(text, action, act, gone)
        if self._waiting is not None:
            self._waiting.append(notice)
        else:
            self.shown.emit(notice)

    def begin(self) -> None:
        """Pass on what was said before there was a window, and everything from now on."""
        waiting, self._waiting = self._waiting or [], None
        for notice in waiting:
            self.shown.emit(notice)
