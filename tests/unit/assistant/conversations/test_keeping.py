"""An exchange in its conversation: every way in which an answer can end is kept."""

from __future__ import annotations

import pytest

from assistant.answering.types import Answer, AnswerDelta, AskRequest, Plan, ThoughtDelta, Timing
from assistant.conversations.keeping import history_of, keep_answer, place_question
from assistant.errors import MessageNotFound, WorkerDied
from models.engine.types import ChatMessage

PLAN = Plan("chat", 20, 0, 8192, None, 0, 0, 0)


def answer_of(text: str, *, stopped: bool = False) -> Answer:
    timing = Timing(0, 20, 0, 1, 2, 3)
    return Answer("Why?", text, (), (), "chat", "small.gguf", timing, stopped=stopped)


def steps(*texts: str, error: Exception | None = None):
    """What an answer's generator yields: a plan, a thought, pieces of text."""
    yield PLAN
    yield ThoughtDelta("Hm. ")
    for text in texts:
        yield AnswerDelta(text)
    if error is not None:
        raise error
    return answer_of("".join(texts).strip())


@pytest.fixture
def writer(store):
    question = place_question(store, AskRequest("Why?", conversation=store.create().id))
    return store.begin_answer(question.id)


def proved(text: str) -> Answer | None:
    return answer_of(text, stopped=True) if text else None


def test_a_finished_answer_is_kept_whole(store, writer):
    kept = keep_answer(writer, steps("So", " it is. "), proved)
    ends = []

    def follow():
        ends.append((yield from kept))

    events = list(follow())
    kinds = ["Plan", "ThoughtDelta", "AnswerDelta", "AnswerDelta"]
    (answer,) = ends
    assert [type(event).__name__ for event in events] == kinds
    message = store.message(writer.message)
    assert message.state == "complete"
    assert message.answer == answer == answer_of("So it is.")
    assert message.plan == PLAN


def test_a_failed_answer_keeps_its_words_and_the_reason(store, writer):
    kept = keep_answer(writer, steps("So it", error=WorkerDied("model", -9)), proved)
    with pytest.raises(WorkerDied):
        list(kept)
    message = store.message(writer.message)
    assert (message.state, message.text, message.thinking) == ("failed", "So it", "Hm. ")
    assert message.failure.facts == {"worker": "model", "exit_code": -9}


@pytest.mark.parametrize("end", ["close", "interrupt"])
def test_a_stopped_answer_is_proved_as_far_as_it_goes(store, writer, end):
    made = steps("So", " it", " is")
    kept = keep_answer(writer, made, proved)
    for _ in range(4):
        next(kept)
    if end == "close":
        kept.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            kept.throw(KeyboardInterrupt())
    message = store.message(writer.message)
    assert (message.state, message.text) == ("stopped", "So it")
    assert message.answer == proved("So it")
    with pytest.raises(StopIteration):
        next(made)  # the model was told to stop before the proof


def test_a_stopped_answer_is_kept_even_where_it_cannot_be_proved(store, writer):
    def fails(text: str) -> Answer:
        raise WorkerDied("index", 1)

    kept = keep_answer(writer, steps("So", " it"), fails)
    for _ in range(3):
        next(kept)
    kept.close()
    message = store.message(writer.message)
    assert (message.state, message.text, message.answer) == ("stopped", "So", None)


def test_an_answer_stopped_before_its_first_word_is_kept_as_stopped(store, writer):
    kept = keep_answer(writer, steps("So"), proved)
    next(kept)
    kept.close()
    message = store.message(writer.message)
    assert (message.state, message.text, message.answer) == ("stopped", "", None)


def test_a_question_in_the_same_words_is_the_same_question(store):
    conversation = store.create().id
    first = place_question(store, AskRequest("Why?", conversation=conversation))
    same = place_question(store, AskRequest("Why?", conversation=conversation, replaces=first.id))
    other = place_question(store, AskRequest("How?", conversation=conversation, replaces=first.id))
    assert same.id == first.id
    assert other.siblings == (first.id, other.id)
    after = place_question(store, AskRequest("And?", conversation=conversation, parent=first.id))
    assert after.parent == first.id
    with pytest.raises(MessageNotFound):
        place_question(store, AskRequest("And?", conversation=conversation, parent=999))


def test_the_model_is_given_the_exchanges_that_came_to_an_answer(store):
    conversation = store.create().id
    for question, said in (("One?", "First."), ("Two?", ""), ("Three?", "Third")):
        asked = store.ask(conversation, question)
        writer = store.begin_answer(asked.id)
        writer.append(said)
        writer.stop()
    assert history_of(store.messages(conversation)) == [
        ChatMessage("user", "One?"),
        ChatMessage("assistant", "First."),
        ChatMessage("user", "Three?"),
        ChatMessage("assistant", "Third"),
    ]
