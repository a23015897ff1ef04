"""Who gets a key: a field, or the window's shortcuts."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

# Keys that text fields take for editing on some systems, and that the window uses.
_WINDOW_KEYS = frozenset({Qt.Key.Key_K, Qt.Key.Key_B, Qt.Key.Key_J, Qt.Key.Key_L, Qt.Key.Key_N})


def leaves_to_window(event: QEvent) -> bool:
    """Whether a field should let the window have this key: tells Qt so, if so."""
    if (
        event.type() == QEvent.Type.ShortcutOverride
        and isinstance(event, QKeyEvent)
        and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        and event.key() in _WINDOW_KEYS
    ):
        event.ignore()
        return True
    return False


def keeps_escape(event: QEvent) -> bool:
    """Whether this is Escape, which a field keeps for itself: tells Qt so, if so."""
    if (
        event.type() == QEvent.Type.ShortcutOverride
        and isinstance(event, QKeyEvent)
        and event.key() == Qt.Key.Key_Escape
    ):
        event.accept()
        return True
    return False
