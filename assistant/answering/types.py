"""The words of an answer: what is asked, what happens on the way, what is proved."""

from __future__ import annotations

from typing import Literal

import msgspec

from assistant.answering.receipts import Consulted, ReadingForecast, ReadingReceipt
from indexing.types import Place
from models.engine.types import Sampling

Mode = Literal["auto", "retrieval", "whole", "everything"]
UsedMode = Literal["retrieval", "whole", "chat", "everything"]


class AnsweringSettings(msgspec.Struct, frozen=True):
    """What the person can choose about answers.

    Attributes:
        read_seconds: How long the model may read before its first word. With its measured
            speed this gives how much evidence it is given.
        max_answer_tokens: Longest answer.
        check: Ask the model afterwards whether what is cited answers the question.
        sampling: How words are chosen; how many there may be is `max_answer_tokens`.
        instructions: What a persona tells the model beside the rules that hold for all.
        documents_only: Decline what no document is given for, without asking the model.
    """

    read_seconds: float = 8.0
    max_answer_tokens: int = 512
    check: bool = True
    sampling: Sampling = Sampling()
    instructions: str = ""
    documents_only: bool = False


class AskRequest(msgspec.Struct, frozen=True):
    """A question and what it is about.

    Attributes:
        question: The person's words.
        conversation: Conversation to continue and keep the exchange in; None keeps nothing.
        parent: Message that the question follows (to branch); None continues at the end.
        replaces: Question in whose place this one is asked: the same words are answered once
            more, other words begin a branch beside it. `parent` is not looked at then.
        documents: Restrict to these documents, and those of the collections; empty, with no
            collection either, means all.
        collections: Names of collections; the assistant puts their documents in their place.
        use_documents: False asks the model alone, without any document.
        mode: How documents are used; "auto" takes them whole when they fit, "everything" reads
            them through piece by piece.
        model: File name of the model; None takes the persona's, or the current one.
        persona: Who answers; None for the usual one.
    """

    question: str
    conversation: int | None = None
    parent: int | None = None
    replaces: int | None = None
    documents: tuple[int, ...] = ()
    collections: tuple[str, ...] = ()
    use_documents: bool = True
    mode: Mode = "auto"
    model: str | None = None
    persona: str | None = None


class Citation(msgspec.Struct, frozen=True):
    """A checked quote: `quote` equals `text[start:end]` of the document's canonical text.

    Attributes:
        page: The page (slide, sheet, chapter) that it stands on, from 1.
        place: What a person would cite it by, where that is more than a page.
    """

    n: int
    document: int
    path: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    place: Place | None = None


class AnswerSentence(msgspec.Struct, frozen=True):
    """One sentence of an answer and the citations (by `n`) that support it.

    `start` and `end` are character offsets in the answer's text.
    """

    text: str
    supported: bool
    citations: tuple[int, ...]
    start: int
    end: int


class Timing(msgspec.Struct, frozen=True):
    """What an answer cost; field names are the command line's contract."""

    retrieve_ms: float
    prompt_tokens: int
    cached_tokens: int
    first_token_ms: float
    answer_tokens: int
    tokens_per_s: float


class Answer(msgspec.Struct, frozen=True):
    """A finished, proved answer; field names are the command line's contract.

    Attributes:
        declined: The documents do not answer, and the answer says so.
        withdrawn: What the model wrote first, where the documents do not bear it out: shown
            on demand, never as the answer.
        stopped: The person stopped it; the text is what had come by then.
        cut: It reached the longest answer allowed (or the end of the context) and ends there.
        receipt: What was read through for it, where that was asked for.
    """

    question: str
    answer: str
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    mode: UsedMode
    model: str
    timing: Timing
    thinking: str = ""
    declined: bool = False
    stopped: bool = False
    cut: bool = False
    withdrawn: str = ""
    receipt: ReadingReceipt | None = None


class Plan(msgspec.Struct, frozen=True, tag=True):
    """How the documents will be used, said before anything is sent to the model.

    Attributes:
        prompt_tokens: Size of the whole prompt; `cached_tokens` of it are read already.
        seconds_to_first_word: Forecast; None before the model's speed is known.
        passages: Passages given to the model; 0 in whole mode.
        documents_used: Documents given, out of `documents_searched`.
        earlier_left_out: Earlier questions of the conversation that the model is not given,
            because they would leave too little room.
        consulted: What was searched and found, and what of it the model is given.
        reading: What reading everything through would take, where that was asked for.
    """

    mode: UsedMode
    prompt_tokens: int
    cached_tokens: int
    context_tokens: int
    seconds_to_first_word: float | None
    passages: int
    documents_used: int
    documents_searched: int
    earlier_left_out: int = 0
    consulted: Consulted = Consulted()
    reading: ReadingForecast | None = None


class Phase(msgspec.Struct, frozen=True, tag=True):
    """What is going on now, while the person waits.

    Attributes:
        name: "reading_all" counts pages (passages of documents without pages), and
            "giving_way" is the same while another question is answered first; "condensing" is
            what follows it.
        seconds_left: Until the end of it, about; None where that is not known.
    """

    name: Literal[
        "loading", "searching", "reading", "writing", "checking",
        "reading_all", "giving_way", "condensing",
    ]  # fmt: skip
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


class AnswerDelta(msgspec.Struct, frozen=True, tag=True):
    """A further piece of the answer's text."""

    text: str


class ThoughtDelta(msgspec.Struct, frozen=True, tag=True):
    """A further piece of the model's thinking."""

    text: str


AskEvent = Phase | Plan | AnswerDelta | ThoughtDelta
