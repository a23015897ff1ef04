from __future__ import annotations

import gc
import threading
import time

from PySide6.QtCore import QObject

from desktop.housekeeping import STALL_S, GarbageCollector, Watchdog


def hold_up(seconds):
    # Of its own work, however often it is interrupted.
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_the_watchdog_sees_who_held_the_window_up(qapp, qtbot):
    watchdog = Watchdog()
    watchdog.start()
    try:
        qtbot.wait(100)
        before = len(watchdog.stalls)
        hold_up(0.3)
        qtbot.waitUntil(lambda: len(watchdog.stalls) > before)
    finally:
        watchdog.stop()
    seconds, stack, worked = max(watchdog.stalls)
    assert seconds >= 0.2 > STALL_S
    assert worked > STALL_S
    assert "hold_up" in stack
    assert not [thread for thread in threading.enumerate() if thread.name == "watchdog"]


def test_garbage_is_collected_on_the_window_thread_only(qapp, qtbot):
    collected_in: list[int] = []

    class Cycle(QObject):
        def __init__(self):
            super().__init__()
            self.myself = self

        def __del__(self):
            collected_in.append(threading.get_ident())

    def litter():
        for _ in range(50_000):
            [].append([])
        junk = [[] for _ in range(5000)]
        for item in junk:
            item.append(item)

    collector = GarbageCollector()
    collector.start()
    try:
        assert not gc.isenabled()
        Cycle()
        thread = threading.Thread(target=litter)
        thread.start()
        thread.join()
        assert collected_in == []
        qtbot.waitUntil(lambda: bool(collected_in))
    finally:
        collector.stop()
    assert collected_in == [threading.get_ident()]
    assert gc.isenabled()
