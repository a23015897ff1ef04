"""A conversation as a Markdown text that can be read and kept anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from assistant.answering.types import Answer, Citation
from assistant.conversations.types import Conversation, Message, MessageState
from assistant.places import place_text

_ENDINGS: Final[dict[MessageState, str]] = {
    "streaming": "(still being written)",
    "stopped": "(stopped)",
    "failed": "(ended early)",
    "interrupted": "(interrupted)",
}


def to_markdown(conversation: Conversation, messages: Iterable[Message]) -> str:
    """Return the messages under the conversation's title, each answer with its quotes.

    A sentence that stands in no document is followed by "[not in the documents]", a supported
    one by the numbers of its quotes.
    """
    parts = [f"# {conversation.title or 'Conversation'}"]
    for message in messages:
        if message.role == "user":
            parts.append(f"## {' '.join(message.text.split())}")
            continue
        parts.append(_answer_text(message) or "(no answer)")
        if ending := _ENDINGS.get(message.state):
            parts.append(f"*{ending}*")
        if message.answer is not None and message.answer.citations:
            parts.append("\n".join(_source(citation) for citation in message.answer.citations))
    return "\n\n".join(parts) + "\n"


def _answer_text(message: Message) -> str:
    answer = message.answer
    if answer is None or answer.mode == "chat" or answer.declined:
        return message.text.strip()
    return marked_text(answer).strip()


def marked_text(answer: Answer) -> str:
    """Return an answer's text with the mark of each sentence after it."""
    pieces: list[str] = []
    at = 0
    for sentence in answer.sentences:
        pieces.append(answer.answer[at : sentence.end])
        at = sentence.end
        if sentence.citations:
            pieces.append("".join(f" [{number}]" for number in sentence.citations))
        elif not sentence.supported:
            pieces.append(" [not in the documents]")
    pieces.append(answer.answer[at:])
    return "".join(pieces)


def _source(citation: Citation) -> str:
    where = place_text(citation.page, citation.place)
    source = f"{citation.title}, {where}" if where else citation.title
    quote = " ".join(citation.quote.split())
    return f"> [{citation.n}] {source}: “{quote}”\n>"
