"""Keeps an exchange in its conversation while it happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable

from assistant.answering.types import Answer, AnswerDelta, AskEvent, AskRequest, Plan, ThoughtDelta
from assistant.conversations.store import ConversationStore
from assistant.conversations.types import Message
from assistant.conversations.writer import AnswerWriter
from assistant.failures import failure_of
from models.engine.types import ChatMessage

_log = logging.getLogger(__name__)


def place_question(store: ConversationStore, request: AskRequest) -> Message:
    """Add a request's question where it belongs in its conversation, and return it.

    One that takes the place of a question in the same words is that question.
    """
    assert request.conversation is not None
    if request.replaces is not None:
        old = store.message(request.replaces)
        return old if old.text == request.question else store.edit(old.id, request.question)
    if request.parent is not None:
        return store.ask_after(request.conversation, request.parent, request.question)
    return store.ask(request.conversation, request.question)


def history_of(messages: Iterable[Message]) -> list[ChatMessage]:
    """Return a branch as the model sees it: the exchanges in which something was answered."""
    history: list[ChatMessage] = []
    question: Message | None = None
    for message in messages:
        if message.role == "user":
            question = message
        elif question is not None and message.text.strip():
            history.append(ChatMessage("user", question.text))
            history.append(ChatMessage("assistant", message.text))
            question = None
    return history


def keep_answer(
    writer: AnswerWriter,
    steps: Generator[AskEvent, None, Answer],
    partial: Callable[[str], Answer | None],
) -> Generator[AskEvent, None, Answer]:
    """Pass an answer's steps on, and keep what they bring; every end of them is kept too.

    Args:
        writer: Where to.
        steps: The answer as it is made.
        partial: Proves a text that was stopped, as far as it goes; None where there is nothing.
    """
    try:
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                answer: Answer = end.value
                break
            match event:
                case AnswerDelta(text):
                    writer.append(text)
                case ThoughtDelta(text):
                    writer.think(text)
                case Plan():
                    writer.plan(event)
                case _:
                    pass
            yield event
    except Exception as error:
        writer.fail(failure_of(error))
        raise
    except BaseException:
        # The person closed it: the model stops first, then what it said is proved.
        steps.close()
        _keep_stopped(writer, partial)
        raise
    writer.finish(answer)
    return answer


def _keep_stopped(writer: AnswerWriter, partial: Callable[[str], Answer | None]) -> None:
    answer = None
    try:
        answer = partial(writer.text)
    except Exception as error:  # noqa: BLE001 - without its proof the text is still worth keeping
        _log.warning("a stopped answer could not be proved: %s", type(error).__name__)
    if answer is None:
        writer.stop()
    else:
        writer.finish(answer)
