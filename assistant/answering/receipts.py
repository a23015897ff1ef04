"""What an answer stands on, in figures: what was searched and given, or what was read through."""

from __future__ import annotations

import msgspec


class FoundPiece(msgspec.Struct, frozen=True):
    """A span of a document that a search found for a question.

    Attributes:
        page: The page (from 1) it begins on, None without pages; it ends on `last_page`.
        start: Offset in the document's canonical text.
        end: The offset after it.
        passages: How many passages it joins.
        relevance: Cosine similarity to the query (-1 to 1) of its best passage.
        given: Whether the model was given it; what did not fit was not.
    """

    document: int
    path: str
    title: str
    page: int | None
    last_page: int | None
    start: int
    end: int
    passages: int
    relevance: float
    given: bool


class Consulted(msgspec.Struct, frozen=True):
    """What was searched for a question, and what that found.

    Attributes:
        queries: What was searched for, as the question was understood; none without a search.
        pieces: What was found, best first; of whole documents, these.
    """

    queries: tuple[str, ...] = ()
    pieces: tuple[FoundPiece, ...] = ()


class ReadingForecast(msgspec.Struct, frozen=True):
    """What reading documents through would take, said before it begins.

    Attributes:
        windows: How many pieces the model is shown one after the other; `windows_kept` of them
            were read for the same question before.
        pages: Pages of the documents that have any, `pages_kept` of them read before.
        tokens: What is still to be read, about.
        seconds: How long that takes, about; None before the model's speed is known.
    """

    documents: int
    windows: int
    windows_kept: int
    pages: int
    pages_kept: int
    tokens: int
    seconds: float | None


class DocumentReceipt(msgspec.Struct, frozen=True):
    """How much of one document was read for a question.

    Attributes:
        pages: How many it has; None for one without pages.
        pages_read: How many of them the model has read to the end.
        passages: How many it has.
        passages_read: How many of them the model has read.
        empty_pages: Pages (from 1) that have no text to read.
        unread_pages: Pages that the model was shown and could not be brought to report on.
        reason: Why nothing of it was read; "" where something was.
    """

    document: int
    title: str
    pages: int | None
    pages_read: int
    passages: int
    passages_read: int
    empty_pages: tuple[int, ...] = ()
    unread_pages: tuple[int, ...] = ()
    reason: str = ""


class ReadingReceipt(msgspec.Struct, frozen=True):
    """What was read through for an answer, and what came of it.

    Attributes:
        documents: All that the question was about, those that were not read included.
        windows: Pieces that the model was to be shown, one after the other.
        windows_read: Those it has read, `windows_kept` of them before this time.
        passed_over: Those of which the model said that they do not answer.
        found: Items that the model wrote down.
        dropped: Those whose quote does not stand in the text or does not show them.
        left_out: Those of which the model, asked again, said that they do not answer.
        merged: Those that only repeat another one.
        seconds: What it took this time.
    """

    documents: tuple[DocumentReceipt, ...]
    windows: int
    windows_read: int
    windows_kept: int
    found: int
    dropped: int
    merged: int
    seconds: float
    passed_over: int = 0
    left_out: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything that could be read was."""
        return self.windows_read == self.windows

    @property
    def pages(self) -> int:
        """Pages of all documents that have any."""
        return sum(document.pages or 0 for document in self.documents)

    @property
    def pages_read(self) -> int:
        """Those that were read."""
        return sum(document.pages_read for document in self.documents)
