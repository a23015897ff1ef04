"""Under which names what a model has read is kept: it goes when one of its owners goes."""

from __future__ import annotations

_CONVERSATION = "conversation:"
_DOCUMENT = "document:"


def document_owner(document: int) -> str:
    """Return the name of a document, by its id."""
    return f"{_DOCUMENT}{document}"


def document_of(owner: str) -> int | None:
    """Return a document's id by its name; None for the name of anything else."""
    number = owner.removeprefix(_DOCUMENT)
    return int(number) if owner.startswith(_DOCUMENT) and number.isdecimal() else None


def conversation_owner(conversation: int) -> str:
    """Return the name of a conversation, by its id."""
    return f"{_CONVERSATION}{conversation}"


def is_conversation(owner: str) -> bool:
    """Tell whether a name is that of a conversation."""
    return owner.startswith(_CONVERSATION)
