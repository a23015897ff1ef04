"""The words of a conversation: what is listed, what a message holds, what a search finds."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from assistant.answering.types import Answer, Plan
from assistant.settings import ModelSettings

MessageRole = Literal["user", "assistant"]
MessageState = Literal["streaming", "complete", "stopped", "failed", "interrupted"]
Period = Literal["pinned", "today", "yesterday", "week", "month", "older"]


class Scope(msgspec.Struct, frozen=True):
    """What the questions of a conversation are about, kept from one to the next.

    Attributes:
        documents: Only these documents, and those of the collections; empty, with no collection
            either, means all.
        collections: Names of collections: whatever belongs to them when a question is asked.
        use_documents: False asks the model alone.
    """

    documents: tuple[int, ...] = ()
    collections: tuple[str, ...] = ()
    use_documents: bool = True


class Conversation(msgspec.Struct, frozen=True):
    """A conversation as the list shows it.

    Attributes:
        title: What the person sees; "" until a first question gives it one.
        leaf: Last message of the branch that is shown; None while there is no message.
        deleted: When it was put aside; None for one that is not deleted.
        model: File name of the model chosen for it; None follows the current one.
        persona: Name of the persona that answers in it; None for the usual one.
        settings: What is chosen here for single models, by file name, in place of what is chosen
            for them everywhere.
    """

    id: int
    title: str
    created: datetime
    updated: datetime
    pinned: bool
    deleted: datetime | None
    scope: Scope
    model: str | None
    persona: str | None
    leaf: int | None
    settings: dict[str, ModelSettings] = {}


class Draft(msgspec.Struct, frozen=True):
    """A question that was begun and not asked yet.

    Attributes:
        scope: What it is about, where its conversation has not begun either.
    """

    text: str
    scope: Scope = Scope()


class ConversationGroup(msgspec.Struct, frozen=True):
    """Conversations of one stretch of time, the newest first."""

    period: Period
    conversations: tuple[Conversation, ...]


class Failure(msgspec.Struct, frozen=True):
    """Why an answer ended early: an error's class and its facts, never a sentence.

    Attributes:
        kind: Name of the exception's class.
        facts: Its attributes, as text or numbers.
    """

    kind: str
    facts: dict[str, str | int | float | bool | None] = {}


class Message(msgspec.Struct, frozen=True):
    """One message, with its place in the tree.

    Attributes:
        parent: The message it follows; None for a first question.
        text: What was asked or answered, as far as it came.
        state: "streaming" while it is being written; "stopped" by the person; "failed" with
            a `failure`; "interrupted" when the process that wrote it ended in the midst of it.
        answer: The proved answer, for an answer that has one.
        plan: How the documents were used for it.
        siblings: The messages that stand at the same place, itself included, oldest first.
    """

    id: int
    conversation: int
    parent: int | None
    role: MessageRole
    text: str
    thinking: str
    state: MessageState
    failure: Failure | None
    answer: Answer | None
    plan: Plan | None
    model: str | None
    created: datetime
    siblings: tuple[int, ...]


class Found(msgspec.Struct, frozen=True):
    """A place in a conversation that a search found.

    Attributes:
        message: The message; None when the title was found.
        snippet: The words around it.
        marks: The words found: character ranges of the snippet.
    """

    conversation: Conversation
    message: int | None
    snippet: str
    marks: tuple[tuple[int, int], ...]
