"""A process killed in mid-stream loses less than a second of its answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from assistant.conversations.store import ConversationStore
from tests.waiting import wait_until

# Writes a numbered word every 20 ms, tells each with its time on stdout, and then falls silent
# without ending: the last words must be kept although nothing follows them.
CHILD = """
import sys, time
from pathlib import Path
from assistant.conversations.store import ConversationStore
store = ConversationStore(Path(sys.argv[1]))
question = store.ask(store.create().id, "Count for me")
writer = store.begin_answer(question.id, "small.gguf")
print(writer.message, flush=True)
for number in range(int(sys.argv[2])):
    writer.append(f"w{number} ")
    print(number, time.time(), flush=True)
    time.sleep(0.02)
print("silent", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("words", [40, 10_000])
def test_less_than_a_second_is_lost(tmp_path, words):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(words)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        message = int(child.stdout.readline())
        written: list[float] = []
        for line in child.stdout:
            if line == "silent\n":
                # What came is kept also where nothing more comes.
                with closing(ConversationStore(tmp_path)) as store:
                    wait_until(lambda: len(store.message(message).text.split()) == words)
                break
            written.append(float(line.split()[1]))
            if len(written) == 110:
                break
        killed = time.time()
        os.kill(child.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        child.wait(10)
    finally:
        child.kill()
        child.communicate()

    store = ConversationStore(tmp_path)
    try:
        kept = store.message(message)
        assert kept.state == "interrupted"
        assert kept.model == "small.gguf"
        numbers = [int(word[1:]) for word in kept.text.split()]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= sum(at < killed - 1.0 for at in written)
        assert numbers
        assert store.search("w0")
    finally:
        store.close()


def test_an_answer_that_a_living_process_writes_is_left_alone(store, tmp_path):
    question = store.ask(store.create().id, "Count for me")
    writer = store.begin_answer(question.id)
    writer.append("one")
    ConversationStore(tmp_path).close()
    assert store.message(writer.message).state == "streaming"
    writer.stop()
    assert store.message(writer.message).state == "stopped"
