"""Rows of the database as the structs that callers see."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from assistant.answering.types import Answer, Plan
from assistant.conversations.types import Conversation, Failure, Message, Scope
from assistant.settings import ModelSettings

CONVERSATION_COLUMNS: Final = (
    "id, title, created, updated, pinned, deleted_at, scope, model, persona, leaf, settings"
)
MESSAGE_COLUMNS: Final = (
    "id, conversation, parent, role, text, thinking, state, failure, answer, plan, model, created"
)

_settings = msgspec.json.Decoder(dict[str, ModelSettings])
_scope = msgspec.json.Decoder(Scope)
_failure = msgspec.json.Decoder(Failure)
_answer = msgspec.json.Decoder(Answer)
_plan = msgspec.json.Decoder(Plan)


def now_ms() -> int:
    """Return the time in milliseconds since 1970, as the tables keep it."""
    return time.time_ns() // 1_000_000


def to_json(value: msgspec.Struct | None) -> str | None:
    """Return a struct as the JSON text that the tables keep."""
    return None if value is None else msgspec.json.encode(value).decode()


def scope_of(text: str) -> Scope:
    """Decode a scope as the tables keep it."""
    return _scope.decode(text)


def conversation_of(row: sqlite3.Row | tuple[Any, ...]) -> Conversation:
    """Decode a row of `CONVERSATION_COLUMNS`."""
    (identifier, title, created, updated, pinned, deleted, scope, model, persona, leaf,
     settings) = row  # fmt: skip
    return Conversation(
        id=identifier,
        title=title,
        created=_time(created),
        updated=_time(updated),
        pinned=bool(pinned),
        deleted=None if deleted is None else _time(deleted),
        scope=scope_of(scope),
        model=model,
        persona=persona,
        leaf=leaf,
        settings=_settings.decode(settings),
    )


def message_of(row: sqlite3.Row | tuple[Any, ...], siblings: tuple[int, ...]) -> Message:
    """Decode a row of `MESSAGE_COLUMNS`."""
    (identifier, conversation, parent, role, text, thinking, state, failure, answer, plan, model,
     created) = row  # fmt: skip
    return Message(
        id=identifier,
        conversation=conversation,
        parent=parent,
        role=role,
        text=text,
        thinking=thinking,
        state=state,
        failure=None if failure is None else _failure.decode(failure),
        answer=None if answer is None else _answer.decode(answer),
        plan=None if plan is None else _plan.decode(plan),
        model=model,
        created=_time(created),
        siblings=siblings,
    )


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
