"""How a question is laid out for the model.

The start of a prompt stays the same from turn to turn, so that the model need not read it
again: the rules first, then whole documents in a fixed order or the conversation, and the
question last. Nothing in it changes with the day. Documents stand between marks that their
own text cannot close, and the rules say that what stands there is quoted material.
"""

from __future__ import annotations

import functools
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from indexing.types import DocumentRow, Evidence
from models.engine.types import ChatMessage

# So many documents are named to a model that is not given them.
MOST_NAMED: Final = 20

_MARKS = re.compile(r"<(?=/?\s*(?:passage|document)\b)", re.IGNORECASE)


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of resources/prompts/answering.toml."""

    documents: str
    chat: str
    unseen: str
    passages: str
    whole: str
    question: str
    again: str
    careful: str
    check: str
    declined: str


# msgspec is not safe where several threads use a type for the first time: so at import.
msgspec.json.Decoder(Wording)


@functools.cache
def wording() -> Wording:
    """Return the words that prompts and answers are made of."""
    raw = read_words("answering.toml")
    return msgspec.convert({key: value.strip() for key, value in raw.items()}, Wording)


def read_words(name: str) -> dict[str, Any]:
    """Return what a file of resources/prompts/ says."""
    bundle: str | None = getattr(sys, "_MEIPASS", None)
    root = Path(bundle) if bundle else Path(__file__).resolve().parents[2]
    return tomllib.loads((root / "resources" / "prompts" / name).read_text("utf-8"))


def over_passages(
    question: str,
    evidence: Sequence[Evidence],
    history: Sequence[ChatMessage],
    instructions: str = "",
) -> list[ChatMessage]:
    """Lay out a question over what a search found."""
    words = wording()
    passages = "\n".join(_passage(piece) for piece in evidence)
    asked = words.question.format(question=question)
    return [
        ChatMessage("system", _joined("\n", words.documents, instructions)),
        *history,
        ChatMessage("user", f"{words.passages}\n{passages}\n\n{asked}"),
    ]


def over_documents(
    question: str,
    documents: Sequence[tuple[DocumentRow, str]],
    history: Sequence[ChatMessage],
    instructions: str = "",
) -> list[ChatMessage]:
    """Lay out a question over whole documents; their order is that of their ids.

    A persona's instructions come after the documents, so that what was read of these for one
    persona need not be read again for another.
    """
    words = wording()
    fixed = sorted(documents, key=lambda pair: pair[0].id)
    texts = "\n".join(
        f'<document title="{_title(row.title)}">\n{_fenced(text)}\n</document>'
        for row, text in fixed
    )
    return [
        ChatMessage(
            "system",
            _joined("\n\n", words.documents, f"{words.whole}\n{texts}", instructions),
        ),
        *history,
        ChatMessage("user", words.question.format(question=question)),
    ]


def asked_again(messages: Sequence[ChatMessage], question: str) -> list[ChatMessage]:
    """Put the question in other words; all that stands before it stays, and is read already."""
    words = wording()
    *before, last = messages
    rest = last.content.removesuffix(words.question.format(question=question))
    return [*before, ChatMessage("user", rest + words.again.format(question=question))]


def alone(
    question: str,
    history: Sequence[ChatMessage],
    instructions: str = "",
    unseen: Sequence[str] = (),
) -> list[ChatMessage]:
    """Lay out a question for the model alone.

    Args:
        question: The question.
        history: The conversation so far.
        instructions: A persona's.
        unseen: Titles of documents that are there and that it is not given.
    """
    words = wording()
    titles = ", ".join(_title(title) for title in unseen[:MOST_NAMED])
    if len(unseen) > MOST_NAMED:
        titles += ", …"
    named = words.unseen.format(titles=titles) if titles else ""
    system = _joined("\n", words.chat, named, instructions)
    return [ChatMessage("system", system), *history, ChatMessage("user", question)]


def _joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)


def _passage(piece: Evidence) -> str:
    title = _title(" > ".join(dict.fromkeys((piece.title, *piece.headings))))
    return f'<passage title="{title}">\n{_fenced(piece.text)}\n</passage>'


def _fenced(text: str) -> str:
    """Return a text that cannot close the marks around it; only the prompt's copy changes."""
    return _MARKS.sub("\u2039", text.strip())


def _title(text: str) -> str:
    return " ".join(text.replace('"', "'").replace("<", "\u2039").split())[:160]
