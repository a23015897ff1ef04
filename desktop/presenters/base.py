"""What presenters share: work off the window's thread, and errors that are said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Slot

from desktop.bridge import Bridge, Run
from desktop.presenters.notices import Notices
from desktop.wording import explain


class _Look(NamedTuple):
    name: str
    number: int
    then: Callable[[Any], None]


class Presenter(QObject):
    """Logic behind a view, on the window's thread."""

    def __init__(self, bridge: Bridge, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._notices = notices
        self._looks = 0
        self._seen: dict[str, int] = {}
        self._looking: dict[QObject, _Look] = {}

    def _look(
        self, name: str, function: Callable[..., Any], *arguments: Any, then: Callable[[Any], None]
    ) -> Run:
        """Call as `_call` does, for what is looked up again and again, each time as it is then.

        Threads may end in another order than they began in: what was found once a later look of
        the same name has brought its own is let go.
        """
        self._looks += 1
        run = self._bridge.call(name, function, *arguments)
        # Kept here and not in a function that the run would hold: it may be the last to hold us.
        self._looking[run] = _Look(name, self._looks, then)
        run.finished.connect(self._on_looked)
        run.failed.connect(self._on_failed)
        run.ended.connect(self._on_look_over)
        return run

    def _call_in_turn(
        self,
        line: str,
        name: str,
        function: Callable[..., Any],
        *arguments: Any,
        then: Callable[[Any], None] | None = None,
    ) -> Run:
        """Call as `_call` does, once what was called before it in the same line has returned.

        For what changes something: what a person did last holds in the end.
        """
        in_turn = self._bridge.in_turn(line, function)
        return self._call(name, in_turn, *arguments, then=then)

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
    def _on_looked(self, found: Any) -> None:
        look = self._looking.get(self.sender())
        if look is not None and look.number > self._seen.get(look.name, 0):
            self._seen[look.name] = look.number
            look.then(found)

    @Slot()
    def _on_look_over(self) -> None:
        self._looking.pop(self.sender(), None)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._notices.show(explain(error))
