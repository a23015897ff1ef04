"""What presenters share: work off the window's thread, and errors that are said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Slot

from desktop.bridge import Bridge, Run
from desktop.presenters.notices import Notices
from desktop.wording import explain


class Presenter(QObject):
    """Logic behind a view, on the window's thread."""

    def __init__(self, bridge: Bridge, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._notices = notices

    def _call(
        self,
        name: str,
        function: Callable[..., Any],
        *arguments: Any,
        then: Callable[[Any], None] | None = None,
    ) -> Run:
        """Call a function in a thread; `then` takes its result, and an error is said."""
        run = self._bridge.call(name, function, *arguments)
        if then is not None:
            run.finished.connect(then)
        run.failed.connect(self._on_failed)
        return run

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._notices.show(explain(error))
