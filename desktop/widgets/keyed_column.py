"""A column of widgets that keeps those that still show what they should."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget


class KeyedColumn(QWidget):
    """One widget for each item; an item that is shown as before keeps its widget."""

    def __init__(self, spacing: int = 8, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(spacing)
        self._shown: dict[str, tuple[Hashable, QWidget]] = {}

    def show_items(
        self, items: Sequence[tuple[str, Hashable, Any]], make: Callable[[Any], QWidget]
    ) -> None:
        """Show items in this order.

        Args:
            items: For each its key, all that is shown of it, and the item itself.
            make: Makes an item's widget.
        """
        if [(key, shown) for key, shown, _ in items] == [
            (key, shown) for key, (shown, _) in self._shown.items()
        ]:
            return
        before, self._shown = self._shown, {}
        for at, (key, shown, item) in enumerate(items):
            old = before.pop(key, None)
            if old is not None and old[0] == shown:
                widget = old[1]
                self._column.removeWidget(widget)
            else:
                if old is not None:
                    self._drop(old[1])
                widget = make(item)
            self._column.insertWidget(at, widget)
            self._shown[key] = shown, widget
        for _, widget in before.values():
            self._drop(widget)
        self.setVisible(bool(items))

    def widget_of(self, key: str) -> QWidget | None:
        """Return an item's widget."""
        return self._shown[key][1] if key in self._shown else None

    @property
    def widgets(self) -> list[QWidget]:
        """All of them, in order."""
        return [widget for _, widget in self._shown.values()]

    def _drop(self, widget: QWidget) -> None:
        self._column.removeWidget(widget)
        widget.hide()
        widget.deleteLater()
