"""Conversations: made, listed, renamed, put aside, brought back, grouped, exported."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from threading import Thread

import pytest

from assistant.answering.types import Answer, AnswerSentence, Citation, Plan, Timing
from assistant.conversations import store as store_module
from assistant.conversations.grouping import group_by_period
from assistant.conversations.store import ConversationStore
from assistant.conversations.types import Conversation, Draft, Failure, Scope
from assistant.errors import ConversationNotFound, MessageNotFound
from assistant.settings import ModelSettings
from models.engine.types import Adapter


def proved_answer(stopped: bool = False) -> Answer:
    return Answer(
        question="What is the rent?",
        answer="It is 900 euros. It may rise.",
        sentences=(
            AnswerSentence("It is 900 euros.", True, (1,), 0, 16),
            AnswerSentence("It may rise.", False, (), 17, 29),
        ),
        citations=(Citation(1, 4, "/a/lease.pdf", "Lease", 2, 10, 23, "rent: 900 euro"),),
        mode="retrieval",
        model="small.gguf",
        timing=Timing(12.5, 300, 100, 800.0, 12, 30.5),
        thinking="Let me see.",
        stopped=stopped,
    )


PLAN = Plan("retrieval", 300, 100, 8192, 1.5, 4, 1, 3)


def test_a_new_conversation_is_empty_and_takes_its_title_from_the_first_question(store):
    scope = Scope(documents=(3, 4), collections=("flat", "tax"))
    conversation = store.create(scope, model="small.gguf")
    assert store.messages(conversation.id) == []
    store.ask(conversation.id, "Hello, what is the rent?")
    store.ask(conversation.id, "And the deposit?")
    kept = store.get(conversation.id)
    assert kept.title == "What is the rent?"
    assert kept.scope == scope
    assert kept.model == "small.gguf"
    assert kept.created.tzinfo is not None


def test_everything_is_there_after_opening_again(store, tmp_path):
    conversation = store.create()
    question = store.ask(conversation.id, "What is the rent?")
    writer = store.begin_answer(question.id)
    writer.plan(PLAN)
    writer.append("It is")
    writer.finish(proved_answer())
    before = store.messages(conversation.id)
    store.close()

    again = ConversationStore(tmp_path)
    try:
        assert again.messages(conversation.id) == before
    finally:
        again.close()
    answer = before[-1]
    assert answer.answer == proved_answer()
    assert answer.plan == PLAN
    assert answer.text == "It is 900 euros. It may rise."
    assert answer.thinking == "Let me see."
    assert answer.state == "complete"
    assert answer.model == "small.gguf"


def test_a_title_that_the_person_gave_stays(store):
    conversation = store.create()
    store.rename(conversation.id, "  My\nflat ")
    store.ask(conversation.id, "What is the rent?")
    assert store.get(conversation.id).title == "My flat"
    store.rename(conversation.id, " \n ")
    assert store.get(conversation.id).title == "My flat"


def test_the_list_has_the_pinned_first_and_then_the_latest_used(store):
    first, second, third = (store.create().id for _ in range(3))
    assert [row.id for row in store.list()] == [third, second, first]
    store.pin(second, True)
    with store._pool.write() as connection:
        connection.execute("UPDATE conversations SET updated = updated - 60000")
    store.ask(first, "Anything new?")
    assert [row.id for row in store.list()] == [second, first, third]
    store.pin(second, False)
    assert next(row.id for row in store.list()) == first


def test_a_deleted_one_is_out_of_sight_until_it_is_brought_back(store):
    conversation = store.create()
    store.ask(conversation.id, "What about the garden?")
    store.delete(conversation.id)
    assert store.list() == []
    assert store.search("garden") == []
    assert store.get(conversation.id).deleted is not None
    store.undo_delete(conversation.id)
    assert [row.id for row in store.list()] == [conversation.id]
    assert len(store.search("garden")) == 2
    assert len(store.messages(conversation.id)) == 1


def test_a_deleted_one_goes_for_good_at_a_start_after_thirty_days(store, tmp_path):
    old, recent = store.create().id, store.create().id
    for conversation in (old, recent):
        question = store.ask(conversation, "What about the garden?")
        store.begin_answer(question.id).stop()
        store.delete(conversation)
    days = store_module.KEEP_DELETED + timedelta(hours=1)
    with store._pool.write() as connection:
        connection.execute(
            "UPDATE conversations SET deleted_at = deleted_at - ? WHERE id = ?",
            (int(days.total_seconds() * 1000), old),
        )
    ConversationStore(tmp_path).close()
    with pytest.raises(ConversationNotFound):
        store.get(old)
    with pytest.raises(ConversationNotFound):
        store.undo_delete(old)
    store.undo_delete(recent)
    assert len(store.messages(recent)) == 2
    with store._pool.read() as connection:
        left = connection.execute("SELECT count(*) FROM messages_fts").fetchone()[0]
    assert left == 2


def test_what_is_not_there_is_said_by_its_number(store):
    with pytest.raises(ConversationNotFound) as conversation:
        store.rename(77, "x")
    assert conversation.value.id == 77
    with pytest.raises(MessageNotFound) as message:
        store.begin_answer(78)
    assert message.value.id == 78
    mine, other = store.create().id, store.create().id
    foreign = store.ask(other, "Mine?")
    with pytest.raises(MessageNotFound):
        store.ask_after(mine, foreign.id, "Yours?")
    assert store.messages(mine) == []


def test_an_answer_ends_once(store):
    question = store.ask(store.create().id, "What is the rent?")
    writer = store.begin_answer(question.id)
    writer.append("It is")
    writer.fail(Failure("WorkerDied", {"exit_code": -9}))
    writer.append(" 900")
    writer.stop()
    writer.finish(proved_answer())
    kept = store.message(writer.message)
    assert kept.state == "failed"
    assert kept.failure == Failure("WorkerDied", {"exit_code": -9})
    assert kept.text == "It is"


def test_a_stopped_answer_keeps_its_proof(store):
    question = store.ask(store.create().id, "What is the rent?")
    writer = store.begin_answer(question.id)
    writer.finish(proved_answer(stopped=True))
    kept = store.message(writer.message)
    assert kept.state == "stopped"
    assert kept.answer is not None


def test_groups_follow_the_days_of_the_persons_clock():
    clock = timezone(timedelta(hours=10))
    now = datetime(2026, 3, 10, 1, 0, tzinfo=clock)

    def used(hours_ago: float, pinned: bool = False) -> Conversation:
        at = (now - timedelta(hours=hours_ago)).astimezone(UTC)
        return Conversation(1, "", at, at, pinned, None, Scope(), None, None, None)

    rows = [
        used(900, True), used(0.5), used(-1), used(2), used(24.5), used(26), used(6 * 24),
        used(8 * 24), used(29 * 24), used(31 * 24),
    ]  # fmt: skip
    groups = {group.period: len(group.conversations) for group in group_by_period(rows, now)}
    assert groups == {
        "pinned": 1, "today": 2, "yesterday": 2, "week": 2, "month": 2, "older": 1,
    }  # fmt: skip
    assert group_by_period([], now) == []


def test_the_export_has_every_quote_and_marks_what_has_none(store):
    conversation = store.create()
    question = store.ask(conversation.id, "What is the rent?")
    store.begin_answer(question.id).finish(proved_answer())
    second = store.ask(conversation.id, "Why?")
    writer = store.begin_answer(second.id)
    writer.append("Because")
    writer.stop()
    text = store.export_markdown(conversation.id)
    assert text.startswith("# What is the rent?\n")
    assert "It is 900 euros. [1] It may rise. [not in the documents]" in text
    assert "> [1] Lease, page 2: “rent: 900 euro”" in text
    assert "## Why?\n\nBecause\n\n*(stopped)*" in text


def test_threads_read_while_another_writes(store):
    conversation = store.create()
    question = store.ask(conversation.id, "What is the rent?")
    writer = store.begin_answer(question.id)
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(50):
                assert store.messages(conversation.id)[-1].state == "streaming"
        except BaseException as error:  # noqa: BLE001 - carried to the test's thread
            failures.append(error)

    readers = [Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(500):
        writer.append("word ")
    for reader in readers:
        reader.join()
    writer.stop()
    assert failures == []
    assert store.message(writer.message).text == "word " * 500


def test_a_reader_does_not_wait_for_another_process_that_writes(store, tmp_path):
    conversation = store.create()
    store.ask(conversation.id, "What is the rent?")
    other = sqlite3.connect(tmp_path / "studiolo.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE conversations SET title = 'half done'")
        assert [message.text for message in store.messages(conversation.id)] == [
            "What is the rent?"
        ]
        assert store.list()[0].title == "What is the rent?"
        other.execute("ROLLBACK")
    finally:
        other.close()


ABOUT = Scope(documents=(3, 4))


def test_drafts_are_kept_until_they_are_asked(store, tmp_path):
    talk = store.create()
    store.keep_drafts({None: Draft("Is there", ABOUT), talk.id: Draft("And then")})
    store.keep_drafts({talk.id: Draft("And then what")})
    store.close()
    again = ConversationStore(tmp_path)
    assert again.drafts() == {None: Draft("Is there", ABOUT), talk.id: Draft("And then what")}
    again.keep_drafts({None: Draft("")})
    assert again.drafts() == {talk.id: Draft("And then what")}
    # A conversation that goes for good takes its draft with it.
    again.delete(talk.id)
    again._purge(store_module.now_ms() + 1)
    assert again.drafts() == {}
    again.close()


def test_deleted_conversations_are_listed_and_come_back_with_their_persona(store):
    first, second = store.create(persona="librarian"), store.create()
    store.set_persona(second.id, "writer")
    for talk in (first, second):
        store.delete(talk.id)
    assert {(talk.id, talk.persona) for talk in store.deleted()} == {
        (first.id, "librarian"), (second.id, "writer"),
    }  # fmt: skip
    store.undo_delete(first.id)
    assert [talk.id for talk in store.deleted()] == [second.id]
    assert [talk.id for talk in store.list()] == [first.id]


def test_conversations_of_an_earlier_version_are_taken_over(tmp_path):
    """The tables as they were before drafts and personas."""
    from assistant.conversations.schema import COMPONENT, MIGRATIONS
    from indexing.database import connect, migrate

    with connect(tmp_path) as connection:
        migrate(connection, COMPONENT, MIGRATIONS[:1])
        connection.execute(
            "INSERT INTO conversations (title, created, updated, scope) VALUES ('Old', 1, 1, '{}')"
        )
        connection.commit()
    connection.close()
    store = ConversationStore(tmp_path)
    [kept] = store.list()
    assert (kept.title, kept.persona) == ("Old", None)
    store.close()


def test_what_is_chosen_for_models_in_a_conversation_is_kept_with_it(store, tmp_path):
    talk, other = store.create(), store.create()
    chosen = ModelSettings(context_tokens=2048, kv_type="q8_0", seed=7, thinking=False)
    store.set_settings(talk.id, "small.gguf", chosen)
    store.set_settings(talk.id, "big.gguf", ModelSettings(adapters=(Adapter("a.gguf", 0.5),)))
    again = ConversationStore(tmp_path)
    assert again.get(talk.id).settings["small.gguf"] == chosen
    assert again.get(talk.id).settings["big.gguf"].adapters == (Adapter("a.gguf", 0.5),)
    assert again.get(other.id).settings == {}
    again.set_settings(talk.id, "small.gguf", ModelSettings())
    assert set(again.get(talk.id).settings) == {"big.gguf"}
    again.close()
    with pytest.raises(ConversationNotFound):
        store.set_settings(99, "small.gguf", chosen)
