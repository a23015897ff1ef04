"""The main job through the assistant itself, with its processes killed at the worst moments."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import psutil
import pytest

from assistant.answering.types import AnswerDelta, AskRequest, Plan
from assistant.assistant import Assistant
from assistant.conversations.store import ConversationStore
from assistant.errors import NoModelInstalled, WorkerDied
from assistant.paths import DataPaths
from assistant.wording import explain_failure
from models.errors import ModelNotFound
from tests.integration.studio import (
    CHECKOUT,
    PATIENCE_S,
    Studio,
    write_documents,
    write_long_document,
)
from tests.waiting import wait_until

pytestmark = [pytest.mark.model, pytest.mark.timeout(PATIENCE_S * 2)]

KILL = signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM
RAMBLE = "Write a very long story about a lighthouse, its keeper and the sea."


@pytest.fixture
def studio(data_dir, embedder_path, smollm_path):
    studio = Studio(data_dir)
    studio.install(embedder=embedder_path, model=smollm_path)
    return studio


@pytest.fixture
def assistant(studio):
    assistant = Assistant(DataPaths(studio.data_dir))
    yield assistant
    assistant.close()


def ramble(conversation: int | None = None) -> AskRequest:
    return AskRequest(RAMBLE, conversation=conversation, use_documents=False)


def read_on(steps, deltas: int) -> str:
    """Take steps until so many pieces of text have come; return the text."""
    pieces: list[str] = []
    while len(pieces) < deltas:
        event = next(steps)
        if isinstance(event, AnswerDelta):
            pieces.append(event.text)
    return "".join(pieces)


def finish(steps):
    """Take all steps and return the answer."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_the_model_killed_in_mid_answer_leaves_its_words_and_a_working_next_question(assistant):
    conversation = assistant.conversations.create().id
    steps = assistant.ask(ramble(conversation))
    said = read_on(steps, 4)
    os.kill(assistant.model.worker.pid, KILL)
    pieces = [said]
    with pytest.raises(WorkerDied):
        pieces.extend(event.text for event in steps if isinstance(event, AnswerDelta))

    question, answer = assistant.conversations.messages(conversation)
    assert question.text == RAMBLE
    assert answer.state == "failed"
    assert answer.text == "".join(pieces)
    assert answer.failure.kind == "WorkerDied"
    assert "The model stopped unexpectedly" in explain_failure(answer.failure)
    assert not assistant.gate.busy

    again = assistant.ask(ramble(conversation))
    assert read_on(again, 2)
    again.close()
    assert [m.state for m in assistant.conversations.messages(conversation)][-1] == "stopped"


def test_a_stopped_answer_is_kept_with_its_sentences_and_the_next_one_begins_beside_it(assistant):
    conversation = assistant.conversations.create().id
    steps = assistant.ask(ramble(conversation))
    said = read_on(steps, 6)
    steps.close()
    question, answer = assistant.conversations.messages(conversation)
    assert (answer.state, answer.text) == ("stopped", said)
    assert answer.answer is not None
    assert answer.answer.stopped
    assert answer.model == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert answer.plan.mode == "chat"
    assert assistant.model.state == "ready"

    other = assistant.ask_again(answer.id)
    read_on(other, 1)
    other.close()
    beside = assistant.conversations.messages(conversation)
    assert beside[0].id == question.id
    assert beside[1].siblings == (answer.id, beside[1].id)

    edited = assistant.ask(
        AskRequest("And the sea?", conversation=conversation, replaces=question.id)
    )
    read_on(edited, 1)
    edited.close()
    assert assistant.conversations.messages(conversation)[0].siblings[0] == question.id
    assert assistant.conversations.messages(conversation)[0].text == "And the sea?"


def test_a_question_that_cannot_be_answered_is_kept_with_the_reason(assistant):
    conversation = assistant.conversations.create().id
    request = AskRequest("Anyone?", conversation=conversation, model="no-such.gguf")
    with pytest.raises(ModelNotFound):
        finish(assistant.ask(request))
    assistant.models.remove("SmolLM2-135M-Instruct.Q4_1.gguf")
    with pytest.raises(NoModelInstalled):
        finish(assistant.ask(AskRequest("Anyone?", conversation=conversation)))
    states = [(m.role, m.state) for m in assistant.conversations.messages(conversation)]
    assert states == [("user", "complete"), ("assistant", "failed")] * 2


def test_follow_ups_are_given_the_conversation_and_answers_point_into_the_text(assistant, tmp_path):
    folder = write_documents(tmp_path / "documents")
    assistant.add_documents([str(folder)]).result(PATIENCE_S)
    conversation = assistant.conversations.create().id
    finish(assistant.ask(AskRequest("What is the monthly rent?", conversation=conversation)))
    plan = assistant.plan(AskRequest("And the deposit?", conversation=conversation))
    assert isinstance(plan, Plan)
    assert plan.documents_used >= 1
    answer = finish(assistant.ask(AskRequest("And the deposit?", conversation=conversation)))
    for citation in answer.citations:
        text = assistant.catalog.text(citation.document)
        assert text[citation.start : citation.end] == citation.quote
    kept = assistant.conversations.messages(conversation)
    assert [message.role for message in kept] == ["user", "assistant"] * 2
    assert kept[-1].answer == answer
    assert kept[-1].plan is not None
    assert assistant.conversations.list()[0].title == "What is the monthly rent?"


def test_the_index_process_killed_in_mid_file_goes_on_where_it_was(assistant, tmp_path):
    file = write_long_document(tmp_path / "cellar.md", 150)
    job = assistant.add_documents([str(file)])
    killed = None
    for event in job:
        if killed is None and event.stage == "embedding" and event.done:
            killed = assistant.index.worker.pid
            os.kill(killed, KILL)
    report = job.result()
    assert killed is not None
    assert assistant.index.worker.pid != killed
    assert [row.status for row in report.documents] == ["ready"]
    hits = assistant.search("jars of honey in room 77", k=5).hits
    assert any("In room 77 " in hit.text for hit in hits)
    for hit in hits:
        assert assistant.catalog.text(hit.document)[hit.start : hit.end] == hit.text


def test_the_app_killed_in_mid_file_leaves_no_process_and_goes_on_at_the_next_start(
    studio, tmp_path
):
    file = write_long_document(tmp_path / "cellar.md", 150)
    app = studio.start("index", "add", file)
    workers: list[psutil.Process] = []
    try:
        wait_until(lambda: rows(studio, "SELECT 1 FROM passages LIMIT 1"))
        workers = psutil.Process(app.pid).children(recursive=True)
    finally:
        app.kill()
        app.communicate()
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=120)
    assert alive == []

    assistant = Assistant(DataPaths(studio.data_dir))
    try:
        assert assistant.catalog.documents()[0].status in ("queued", "ready")
        assistant.start().result(PATIENCE_S)
        row = assistant.catalog.documents()[0]
        assert row.status == "ready"
        assert any("room 9 " in hit.text for hit in assistant.search("salt in room 9").hits)
    finally:
        assistant.close()


def test_the_app_killed_in_mid_stream_keeps_what_had_come(studio):
    app = studio.start("chat")
    try:
        app.stdin.write(RAMBLE + "\n")
        app.stdin.flush()
        wait_until(
            lambda: rows(studio, "SELECT 1 FROM messages WHERE state = 'streaming' AND text <> ''")
        )
        workers = psutil.Process(app.pid).children(recursive=True)
    finally:
        app.kill()
        app.communicate()
    _, alive = psutil.wait_procs(workers, timeout=120)
    assert alive == []
    store = ConversationStore(studio.data_dir)
    try:
        question, answer = store.messages(store.list()[0].id)
    finally:
        store.close()
    assert question.text == RAMBLE
    assert answer.state == "interrupted"
    assert answer.text


MAIN_JOB = """
import json, sys
from pathlib import Path
from assistant import network
network.install()
from assistant.answering.types import AskRequest
from assistant.assistant import Assistant
from assistant.paths import DataPaths
from tests.waiting import wait_until

assistant = Assistant(DataPaths(Path(sys.argv[1])))
report = assistant.add_documents([sys.argv[2]]).result()
steps = assistant.ask(AskRequest("What is the monthly rent of the flat?"))
while True:
    try:
        next(steps)
    except StopIteration as end:
        answer = end.value
        break
assistant.close()
heavy = {"llama_cpp", "torch", "transformers", "sentence_transformers", "chromadb", "PySide6"}
print(json.dumps({
    "ready": sum(row.status == "ready" for row in report.documents),
    "answer": answer.answer,
    "attempts": network.attempts().total,
    "heavy": sorted(heavy & set(sys.modules)),
}))
"""


def test_the_main_job_needs_no_network_and_never_reaches_for_it(studio, tmp_path):
    folder = write_documents(tmp_path / "documents")
    command = [sys.executable, "-c", MAIN_JOB, str(studio.data_dir), str(folder)]
    alone = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*alone, "true"], check=False).returncode == 0:
        # Not even a loopback interface is up in there.
        command = [*alone, *command]
    done = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, encoding="utf-8", timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["ready"] == 2
    assert result["answer"]
    assert result["attempts"] == 0
    assert result["heavy"] == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_process_of_the_main_job_connects_to_anything(studio, tmp_path):
    folder = write_documents(tmp_path / "documents")
    trace = tmp_path / "trace"
    traced = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace)]
    if subprocess.run([*traced, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("processes may not be traced here")
    done = subprocess.run(
        [*traced, *studio.command("index", "add", folder)],
        cwd=CHECKOUT, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    reached = [line for line in trace.read_text().splitlines() if "AF_INET" in line]
    assert reached == []


def rows(studio: Studio, query: str) -> list[tuple]:
    database = studio.data_dir / "studiolo.db"
    if not database.exists():
        return []
    with contextlib.closing(sqlite3.connect(database)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # the tables are not there yet
            return []
