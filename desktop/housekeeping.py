"""What keeps the window's thread healthy: garbage collected there, and stalls noticed.

Qt objects must be destroyed on the thread they live in, but Python's cyclic collector runs
on whatever thread happens to allocate. So it is switched off and run by a timer instead.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import time
import traceback
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

STALL_S: Final = 0.050
COLLECT_EVERY_MS: Final = 1000

_log = logging.getLogger(__name__)


class GarbageCollector(QObject):
    """Collects cyclic garbage on the thread it lives in, and nowhere else."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._timer = QTimer(self, interval=COLLECT_EVERY_MS)
        self._timer.timeout.connect(self._on_due)
        self._young_runs = 0

    def start(self) -> None:
        """Take the collector over."""
        gc.disable()
        # What is loaded by now stays: looking through it again and again only costs time.
        gc.freeze()
        self._timer.start()

    def stop(self) -> None:
        """Give the collector back to Python."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    @Slot()
    def _on_due(self) -> None:
        counts = gc.get_count()
        if counts[0] < self._thresholds[0]:
            return
        self._young_runs += 1
        gc.collect(1 if self._young_runs % 20 else 2)


class Watchdog(QObject):
    """Notices when the window's thread does not come back to its event loop in time.

    Attributes:
        stalls: (seconds, stack, seconds of its own work) of each time it did not answer
            within `STALL_S`. The last is less where it only waited for a core.
    """

    _ping = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stalls: list[tuple[float, str, float]] = []
        self._answered = threading.Event()
        self._ended = threading.Event()
        self._watched = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._ping.connect(self._on_ping, Qt.ConnectionType.QueuedConnection)

    @staticmethod
    def wanted() -> bool:
        """Whether this start asks for the watchdog."""
        return bool(os.environ.get("STUDIOLO_WATCHDOG"))

    def start(self) -> None:
        """Begin to watch the thread this was made in."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._answered.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    @Slot()
    def _on_ping(self) -> None:
        self._answered.set()

    def _worked(self) -> float:
        """Return the seconds of processor time that the watched thread has used."""
        if hasattr(time, "pthread_getcpuclockid"):
            return time.clock_gettime(time.pthread_getcpuclockid(self._watched))
        # Where a thread's time cannot be asked for, the whole of the wait counts.
        return time.monotonic()

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self._answered.clear()
            asked, worked = time.monotonic(), self._worked()
            try:
                self._ping.emit()
            except RuntimeError:
                return
            if self._answered.wait(STALL_S):
                continue
            frames = sys._current_frames()  # noqa: SLF001 - the documented way
            frame = frames.get(self._watched)
            stack = "".join(traceback.format_stack(frame)[-6:]) if frame else ""
            self._answered.wait()
            if self._ended.is_set():
                return
            seconds = time.monotonic() - asked
            own = self._worked() - worked
            self.stalls.append((seconds, stack, own))
            _log.warning(
                "the window was held up for %.0f ms, of which it worked %.0f, in\n%s",
                seconds * 1000, own * 1000, stack,
            )  # fmt: skip
