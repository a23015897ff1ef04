"""Sentences for what can go wrong with questions and conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from assistant.sentences.facts import Facts, bytes_text, file_name


def _whole_does_not_fit(facts: Facts) -> str:
    return (
        f"The documents are too long to be read whole: {facts.number('prompt_tokens')} tokens, "
        f"where the model holds {facts.number('context_tokens')}. "
        f"Ask {facts.ways.ask_by_passages}, or about fewer documents."
    )


def _no_room_for_state(facts: Facts) -> str:
    values = (facts.get(name) for name in ("needed_bytes", "quota_bytes", "free_bytes"))
    needed, quota, free = (value if isinstance(value, int) else 0 for value in values)
    if needed > quota:
        return (
            f"What the model reads of this takes {bytes_text(needed)} on disk, and "
            f"{bytes_text(quota)} are set aside for that. Set more aside in the settings."
        )
    return (
        f"What the model reads of this takes {bytes_text(needed)} on disk, and only "
        f"{bytes_text(free)} are free. Free some disk space."
    )


def _not_one_document(facts: Facts) -> str:
    return (
        f"{file_name(facts)} is not one document: each one in it is studied by itself. Name the "
        f"one that you want, such as {facts.get('member')}."
    )


def _question_does_not_fit(facts: Facts) -> str:
    return (
        f"The question is too long: {facts.number('prompt_tokens')} tokens where the model holds "
        f"{facts.number('context_tokens')}. Shorten it, or add the text as a document."
    )


def _empty_question(_: Facts) -> str:
    return "Nothing was asked. Type a question."


def _documents_not_ready(facts: Facts) -> str:
    if not facts.get("documents"):
        return f"There is no document that can be read yet. {facts.ways.see_documents}"
    return (
        f"These documents cannot be searched yet. Wait until they are read. {facts.ways.see_states}"
    )


def _conversation_not_found(_: Facts) -> str:
    return "There is no such conversation any more."


def _message_not_found(_: Facts) -> str:
    return "There is no such message any more."


def _persona_not_found(_: Facts) -> str:
    return "There is no such persona any more. Choose another one for this conversation."


QUESTION_SENTENCES: Final[dict[str, Callable[[Facts], str]]] = {
    "WholeDoesNotFit": _whole_does_not_fit,
    "QuestionDoesNotFit": _question_does_not_fit,
    "NoRoomForState": _no_room_for_state,
    "NotOneDocument": _not_one_document,
    "EmptyQuestion": _empty_question,
    "DocumentsNotReady": _documents_not_ready,
    "ConversationNotFound": _conversation_not_found,
    "MessageNotFound": _message_not_found,
    "PersonaNotFound": _persona_not_found,
}
