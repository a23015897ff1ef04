"""What answering needs of the rest: a model, an index, a catalogue of documents.

Small protocols, so that the proxies of the worker processes and the libraries themselves
(in a benchmark, say) serve alike.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

from indexing.types import DocumentRow, Evidence, Place
from models.engine.types import ChatMessage, Generation, GenerationEvent, PromptSize, Sampling


class Model(Protocol):
    """A loaded model."""

    def prompt_size(self, messages: list[ChatMessage]) -> PromptSize:
        """Return what a prompt would cost to read, without reading it."""
        ...

    def generate(
        self,
        messages: list[ChatMessage],
        sampling: Sampling,
        stop: list[str],
        owners: Sequence[str] = (),
        *,
        aside: bool = False,
    ) -> Generator[GenerationEvent, None, Generation]:
        """Generate; closing the generator stops the model.

        With `owners`, what is read is worth keeping on disk, under their names. `aside` leaves
        what the model holds of a conversation as it is.
        """
        ...


class Index(Protocol):
    """The search over the documents."""

    def evidence(
        self,
        queries: list[str],
        budget_chars: int,
        documents: list[int] | None = None,
        collection: str | None = None,
    ) -> list[Evidence]:
        """Return what of the documents to show the model, best first."""
        ...

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Return unit vectors of texts."""
        ...


class Documents(Protocol):
    """The documents as they are stored; read in this process, without the index."""

    def documents(self, collection: str | None = None) -> list[DocumentRow]:
        """Return the documents (of a collection)."""
        ...

    def text(self, document: int) -> str:
        """Return a document's canonical text."""
        ...

    def page_of(self, document: int, offset: int) -> int | None:
        """Return the page (from 1) on which an offset stands; None without pages."""
        ...

    def place_of(self, document: int, start: int, end: int) -> Place | None:
        """Return where a span stands, as a person would cite it; None where the page says it."""
        ...
