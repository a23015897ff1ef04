"""One reading on its way: what there is to read, what was found, what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from assistant.answering import plan
from assistant.answering.errors import DocumentsNotReady
from assistant.answering.receipts import ReadingForecast, ReadingReceipt
from assistant.answering.types import Answer, AnswerDelta, AskRequest, Phase, Plan, Timing
from assistant.reading_all import belonging, findings, prompts, side_by_side
from assistant.reading_all.comparing import compare
from assistant.reading_all.documents import Readable, not_read, readable
from assistant.reading_all.intent import kind_of
from assistant.reading_all.kept import KeptReadings, Reading, Written
from assistant.reading_all.merging import Item, merge
from assistant.reading_all.prompts import Kind
from assistant.reading_all.quotes import paragraph_around
from assistant.reading_all.windows import WRITTEN_TOKENS, Window, window_chars
from indexing.catalog import Catalog
from indexing.types import DocumentRow
from models.engine.types import ChatMessage, Generation, LoadSettings, Sampling

# Of each window, for the forecast: what stands around its text, what is written about it, and what
# is read again to judge that.
_AROUND_TOKENS: Final = 150
_TYPICAL_WRITTEN_TOKENS: Final = 40
_TYPICAL_JUDGED_TOKENS: Final = 300
# Models write about four times as slowly as they read, where only that is known.
_WRITES_SLOWER: Final = 4.0


class ModelInUse(msgspec.Struct, frozen=True):
    """The model that reads, and how fast it was measured to; a speed of 0 is not known."""

    name: str
    path: str
    settings: LoadSettings
    context_tokens: int
    read_tokens_per_s: float
    write_tokens_per_s: float


class Piece(NamedTuple):
    """A window to be read.

    Attributes:
        number: Which one of its document, from 0.
        key: What was written about it is found by.
    """

    number: int
    window: Window
    key: tuple[int | None, str]


class ReadingRun:
    """One reading on its way: what is read, what was found, what is left."""

    def __init__(
        self,
        request: AskRequest,
        question: str,
        using: ModelInUse,
        catalog: Catalog,
        kept: Callable[[], KeptReadings],
    ) -> None:
        self.using = using
        self.question = question
        self.items: list[Item] = []
        self._request = request
        self._catalog = catalog
        rows = _rows(catalog, request)
        ready = [row for row in rows if row.passages > 0 and not row.is_partly_read]
        if not ready:
            raise DocumentsNotReady(request.documents)
        self.kind: Kind = kind_of(question, len(ready))
        # Opened only now: its tables refer to those of documents.
        self._kept = kept()
        self._unready = [row for row in rows if row.passages == 0 or row.is_partly_read]
        self._reading: Reading | None = self._kept.find(request, question, self.kind)
        self._chars = (
            self._reading.window_chars
            if self._reading is not None
            else window_chars(using.context_tokens, using.read_tokens_per_s)
        )
        self.documents = [readable(catalog, row, self._chars) for row in ready]
        self._grouped = len(self.documents) > 1
        self._by_id = {document.row.id: document for document in self.documents}
        self._windows = [
            Piece(number, window, (window.document, window.digest(document.text)))
            for document in self.documents
            for number, window in enumerate(document.windows)
        ]
        self._written = self._kept.written(self._reading) if self._reading is not None else {}
        self._read: dict[int, set[int]] = {document.row.id: set() for document in self.documents}
        self._cut_off: dict[int, set[int]] = {one: set() for one in self._read}
        self._found = self._checked = self._distinct = 0
        self._kept_before = self._passed_over = self._left_out = 0
        self._measures = dict.fromkeys(self._read, 0)
        self._total = sum(document.measure for document in self.documents)
        self._began = time.monotonic()
        self._worked_s = 0.0
        self._worked_chars = 0
        self._first_word_ms = 0.0
        self._tokens_read = self._tokens_cached = self._tokens_written = 0

    # --- Ahead ----------------------------------------------------------------------------

    @property
    def most_points(self) -> int:
        """How many points a document is summed up in."""
        return max(3, 8 // len(self.documents))

    def plan(self) -> Plan:
        """Say what there is to read and how long it takes, before anything is read."""
        left = self.left()
        tokens = sum(self._tokens(piece.window) for piece in left)
        known = len(self._windows) - len(left)
        measures = [
            document.measured(self._known(document)) if document.page_starts else 0
            for document in self.documents
        ]
        forecast = ReadingForecast(
            documents=len(self.documents),
            windows=len(self._windows),
            windows_kept=known,
            pages=sum(len(document.page_starts) for document in self.documents),
            pages_kept=sum(measures),
            tokens=tokens,
            seconds=self._seconds(left),
        )
        return Plan(
            mode="everything",
            prompt_tokens=tokens,
            cached_tokens=0,
            context_tokens=self.using.context_tokens,
            seconds_to_first_word=forecast.seconds,
            passages=sum(len(piece.window.passages) for piece in self._windows),
            documents_used=len(self.documents),
            documents_searched=len(self.documents) + len(self._unready),
            reading=forecast,
        )

    def begin(self) -> None:
        """Take in what was read of it before."""
        self._reading = self._kept.begin(self._request, self.question, self.kind, self._chars)
        for piece in self._windows:
            written = self._written.get(piece.key)
            if written is not None:
                self._take(piece, written)
                self._kept_before += 1
        self._settle()

    def left(self) -> list[Piece]:
        """Return what is still to be read."""
        return [piece for piece in self._windows if piece.key not in self._written]

    def prompt(self, window: Window, most: int) -> tuple[list[ChatMessage], Sampling]:
        """Lay out a window (or a part of one) for the model."""
        document = self._by_id[window.document]
        text = document.text[window.start : window.end]
        words = prompts.wording()
        asked = {"items": words.items, "points": words.points, "comparison": words.topics}[
            self.kind
        ]
        asked = asked.format(question=self.question)
        messages = prompts.over_window(asked, document.row.title, window.headings, text)
        tokens = WRITTEN_TOKENS * most // prompts.MOST_NOTES
        schema = prompts.notes_schema(most)
        return messages, Sampling(max_tokens=tokens, json_schema=schema, thinking_tokens=0)

    def check(self, window: Window) -> list[ChatMessage]:
        """Ask whether a window answers the question."""
        document = self._by_id[window.document]
        text = document.text[window.start : window.end]
        asked = prompts.wording().check.format(question=self.question)
        return prompts.over_window(asked, document.row.title, window.headings, text)

    def standing(self, window: Window, written: Sequence[str]) -> list[Item]:
        """Return those of the notes on a window that stand in its text."""
        return list(self._checked_of(window, written).items)

    def belongs(self, item: Item) -> list[ChatMessage]:
        """Ask whether an item belongs in the answer."""
        place = item.places[0]
        text = paragraph_around((place.start, place.end), self.document_text(place.document))
        return belonging.over_note(self.question, item.text, item.sections[:1], text)

    # --- On the way -----------------------------------------------------------------------

    def keep(self, piece: Piece, written: Written) -> None:
        """Keep what was written about a window, on disk first."""
        assert self._reading is not None
        self._kept.keep(self._reading, *piece.key, written)
        self._written[piece.key] = written
        self._worked_chars += piece.window.end - piece.window.start
        self._worked_s = time.monotonic() - self._began
        self._take(piece, written)
        self._settle()

    def known_notes(self, digest: str) -> str | None:
        """Return what was made of some notes before."""
        written = self._written.get((None, digest))
        return None if written is None else written.texts[0]

    def keep_notes(self, digest: str, text: str) -> str:
        """Keep what was made of some notes, and return it."""
        assert self._reading is not None
        self._kept.keep(self._reading, None, digest, Written((text,), whole=True))
        return text

    def count(self, generation: Generation) -> None:
        """Count what a generation cost."""
        self._tokens_read += generation.prompt_tokens
        self._tokens_cached += generation.cached_tokens
        self._tokens_written += generation.answer_tokens

    def deltas(self, before: int) -> list[AnswerDelta]:
        """Return the items that are new since there were `before`, as a list in Markdown."""
        if self.kind != "items":  # it is put together at the end
            return []
        if before == 0 and self.items:
            self._first_word_ms = (time.monotonic() - self._began) * 1000
        return [AnswerDelta(f"- {item.text}\n") for item in self.items[before:]]

    def phase(self, *, giving_way: bool = False) -> Phase:
        """Say how far it is."""
        left = self.left()
        if self._worked_chars:
            chars = sum(piece.window.end - piece.window.start for piece in left)
            seconds = self._worked_s / self._worked_chars * chars
        else:
            seconds = self._seconds(left)
        name = "giving_way" if giving_way else "reading_all"
        return Phase(name, sum(self._measures.values()), self._total, seconds)

    def groups(self) -> list[tuple[int | None, list[Item]]]:
        """Return the items by what they are listed under."""
        groups: dict[int | None, list[Item]] = {}
        for item in self.items:
            groups.setdefault(item.group, []).append(item)
        return list(groups.items())

    def document_text(self, document: int) -> str:
        """Return a document's canonical text."""
        return self._by_id[document].text

    # --- In the end -----------------------------------------------------------------------

    def answer(self, *, stopped: bool = False) -> Answer:
        """Return what was found, with its proof and a receipt of what was read."""
        receipt = self._receipt()
        complete = receipt.complete
        if self.kind == "comparison":
            compared = compare(self.items, self.documents, self.question)
            laid = side_by_side.lay_out(compared, self.documents, self._catalog, complete=complete)
        else:
            laid = findings.lay_out(
                self.items, self.documents, self._catalog, self.kind, complete=complete
            )
        return Answer(
            question=self._request.question,
            answer=laid.text,
            sentences=laid.sentences,
            citations=laid.citations,
            mode="everything",
            model=self.using.name,
            timing=Timing(
                retrieve_ms=0.0,
                prompt_tokens=self._tokens_read,
                cached_tokens=self._tokens_cached,
                first_token_ms=self._first_word_ms,
                answer_tokens=self._tokens_written,
                tokens_per_s=0.0,
            ),
            declined=not self.items and not stopped,
            stopped=stopped,
            receipt=receipt,
        )

    def _receipt(self) -> ReadingReceipt:
        read = [
            document.receipt(self._read[document.row.id], self._cut_off[document.row.id])
            for document in self.documents
        ]
        return ReadingReceipt(
            documents=(*read, *(not_read(row) for row in self._unready)),
            windows=len(self._windows),
            windows_read=sum(map(len, self._read.values())),
            windows_kept=self._kept_before,
            found=self._found,
            dropped=self._found - self._checked,
            merged=self._checked - self._left_out - self._distinct,
            left_out=self._left_out,
            seconds=time.monotonic() - self._began,
            passed_over=self._passed_over,
        )

    def _take(self, piece: Piece, written: Written) -> None:
        number, window, _ = piece
        document = self._by_id[window.document]
        checked = self._checked_of(window, written.texts)
        self._found += checked.written
        self._checked += len(checked.items)
        belong = [
            item
            for item in checked.items
            if written.sureness.get(item.text, 1.0) >= belonging.LEAST_SURE
        ]
        self._left_out += len(checked.items) - len(belong)
        self.items += belong
        self._read[window.document].add(number)
        self._passed_over += written.passed_over
        if not written.whole:
            self._cut_off[window.document].add(number)
        self._measures[window.document] = document.measured(self._read[window.document])

    def _checked_of(self, window: Window, texts: Sequence[str]) -> findings.Checked:
        document = self._by_id[window.document]
        if self.kind == "comparison":
            return findings.check_topics(texts, window, document)
        group = window.document if self._grouped else None
        return findings.check(texts, window, document, group)

    def _settle(self) -> None:
        self.items = merge(self.items)
        self._distinct = len(self.items)

    def _known(self, document: Readable) -> set[int]:
        return {
            piece.number
            for piece in self._windows
            if piece.window.document == document.row.id and piece.key in self._written
        }

    def _tokens(self, window: Window) -> int:
        tokens = int((window.end - window.start) / plan.TYPICAL_CHARS_PER_TOKEN) + _AROUND_TOKENS
        return tokens + (_TYPICAL_JUDGED_TOKENS if self.kind == "items" else 0)

    def _seconds(self, pieces: list[Piece]) -> float | None:
        reads = self.using.read_tokens_per_s
        if not reads:
            return None
        writes = self.using.write_tokens_per_s or reads / _WRITES_SLOWER
        tokens = sum(self._tokens(piece.window) for piece in pieces)
        return tokens / reads + len(pieces) * _TYPICAL_WRITTEN_TOKENS / writes


def _rows(catalog: Catalog, request: AskRequest) -> list[DocumentRow]:
    """Return what the question is about: an archive is what is in it."""
    wanted = set(request.documents)
    return [
        row
        for row in catalog.documents()
        if (not wanted or row.id in wanted) and row.members is None
    ]
