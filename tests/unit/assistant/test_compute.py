"""Background work stands still while there is an answer, and only then."""

from __future__ import annotations

import threading

import pytest

from assistant.compute import ComputeGate


class Background:
    def __init__(self) -> None:
        self.running = True
        self.changes = 0

    def pause_background(self) -> None:
        assert self.running
        self.running = False
        self.changes += 1

    def resume_background(self) -> None:
        assert not self.running
        self.running = True
        self.changes += 1


def test_it_pauses_inside_and_resumes_after():
    background = Background()
    gate = ComputeGate(background)
    with gate.answering():
        assert gate.busy
        assert not background.running
        with gate.answering():
            assert not background.running
        assert not background.running
    assert background.running
    assert not gate.busy


def test_the_model_studies_while_indexing_steps_aside_and_both_while_it_answers():
    indexing, studying = Background(), Background()
    gate = ComputeGate(indexing)
    gate.set_student(studying)
    with gate.studying():
        assert (indexing.running, studying.running) == (False, True)
        with gate.answering():
            assert (indexing.running, studying.running) == (False, False)
        assert (indexing.running, studying.running) == (False, True)
        assert not gate.busy
    assert indexing.running


def test_it_resumes_after_an_exception():
    background = Background()
    gate = ComputeGate(background)
    with pytest.raises(ZeroDivisionError), gate.answering():
        raise ZeroDivisionError
    assert background.running


def test_many_threads_keep_the_order_of_pausing_and_resuming():
    background = Background()  # asserts at each change that it is one
    gate = ComputeGate(background)
    wrong: list[bool] = []

    def answer() -> None:
        for _ in range(200):
            with gate.answering():
                if background.running:
                    wrong.append(True)

    threads = [threading.Thread(target=answer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert background.running
    assert background.changes >= 2
