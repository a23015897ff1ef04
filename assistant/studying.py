"""Documents that the model reads once: studied in the background, kept on disk.

A document is read as a prompt over it begins, up to where the question would stand. From then
on a question about it, after a restart too, finds all that read.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator

import msgspec

from assistant.answering import plan, prompt
from assistant.answering.errors import WholeDoesNotFit
from assistant.answering.types import AnsweringSettings
from assistant.compute import ComputeGate
from assistant.errors import NoRoomForState
from assistant.owners import document_of, document_owner
from assistant.paths import DataPaths
from assistant.services.model import ModelService
from assistant.settings import SettingsFile
from indexing.catalog import Catalog
from indexing.errors import DocumentNotFound
from indexing.types import DocumentRow
from models.engine.types import ChatMessage, PrefillProgress
from models.errors import NoModelLoaded, TemplateFailed
from models.states import StateStore, StoredState

_CONTEXT_STEP = 1024
# A file of many gigabytes is hashed meanwhile.
_MEASURING_S = 30.0
# So many steps may be ahead of whoever follows: where nobody does, reading waits.
_WINDOW = 4


class StudyForecast(msgspec.Struct, frozen=True):
    """What studying a document would take, said before it begins.

    Attributes:
        tokens: How long it is; `known_tokens` of them are read already.
        context_tokens: What the model holds as it is loaded.
        trained_context: What it could hold at most.
        needed_context: The context window that would hold it; 0 where the model can have none.
        fits: Whether it can be studied: it leaves room for a question and its answer.
        studied: Whether it was studied already, by this model as it is loaded.
        seconds: How long it would take; None before the model's speed is known.
        bytes: Disk space it would take.
        quota_bytes: Disk space for all that was read.
        free_bytes: What is free on the disk.
    """

    document: int
    title: str
    tokens: int
    known_tokens: int
    context_tokens: int
    trained_context: int
    needed_context: int
    fits: bool
    studied: bool
    seconds: float | None
    bytes: int
    quota_bytes: int
    free_bytes: int


class Studied(msgspec.Struct, frozen=True):
    """A document that is kept as it was read.

    Attributes:
        tokens: How much of a prompt over it need not be read again.
        bytes: Disk space it takes.
        seconds: What it took this time.
    """

    document: int
    title: str
    model: str
    tokens: int
    bytes: int
    seconds: float


class Studies:
    """What the models have read of the documents.

    Args:
        model: The model in use.
        catalog: The documents.
        gate: Holds indexing back while the model reads.
        paths: Where what was read lies.
        settings: How much it may take.
    """

    def __init__(
        self,
        model: ModelService,
        catalog: Catalog,
        gate: ComputeGate,
        paths: DataPaths,
        settings: SettingsFile,
    ) -> None:
        self.states = StateStore(paths.states, lambda: settings.current.state_bytes)
        self._model = model
        self._catalog = catalog
        self._gate = gate
        self._root = paths.root

    def forecast(self, document: int) -> StudyForecast:
        """Say what studying a document would take, without reading it.

        It loads the model where it is not loaded, and waits until it is known how fast it is: call
        it off a window's thread.

        Raises:
            DocumentNotFound: There is no such document.
            NoModelLoaded: No model is in use.
        """
        row, messages = self._prompt(document)
        size = self._model.study_size(messages)
        loaded = self._model.measured(_MEASURING_S)
        unread = size.tokens - size.cached_tokens
        speed = loaded.read_tokens_per_s if loaded else 0.0
        trained = loaded.trained_context if loaded else 0
        return StudyForecast(
            document=row.id,
            title=row.title,
            tokens=size.tokens,
            known_tokens=size.cached_tokens,
            context_tokens=size.context_tokens,
            trained_context=trained,
            needed_context=_needed_context(size.tokens, trained),
            fits=_holds(size.context_tokens, size.tokens),
            studied=self._model.studied(messages, [document_owner(row.id)]) is not None,
            seconds=unread / speed if speed else None,
            bytes=size.tokens * (loaded.kv_bytes_per_token if loaded else 0),
            quota_bytes=self.states.quota_bytes,
            free_bytes=shutil.disk_usage(self._root).free,
        )

    def study(self, document: int) -> Generator[PrefillProgress, None, Studied]:
        """Have the model in use read a document, and keep that.

        It steps aside for every question and pauses where it is not gone on with.

        Raises:
            DocumentNotFound: There is no such document.
            WholeDoesNotFit: It is longer than the model can hold.
            NoRoomForState: Neither quota nor disk have room for it.
            NoModelLoaded: No model is in use, or it was unloaded meanwhile.
        """
        began = time.monotonic()
        forecast = self.forecast(document)
        if not forecast.fits:
            raise WholeDoesNotFit(forecast.tokens, forecast.context_tokens)
        if forecast.bytes > min(forecast.quota_bytes, forecast.free_bytes):
            raise NoRoomForState(forecast.bytes, forecast.quota_bytes, forecast.free_bytes)
        row, messages = self._prompt(document)
        selected = self._model.selected
        with self._gate.studying():
            job = self._model.study(messages, [document_owner(row.id)], window=_WINDOW)
            state = yield from job.stream()
        if state is None:
            raise NoRoomForState(forecast.bytes, forecast.quota_bytes, forecast.free_bytes)
        return Studied(
            document=row.id,
            title=row.title,
            model=selected[0] if selected else "",
            tokens=state.tokens,
            bytes=state.bytes,
            seconds=time.monotonic() - began,
        )

    def studied(self) -> dict[int, StoredState]:
        """Return what is kept of the documents that were studied, by their ids.

        Only what the model would really use counts: a document as it is now, and the model with
        its settings as it is loaded now. It is never loaded for this; where it is not, nothing
        is known to be of use.
        """
        loaded = self._model.loaded
        studied: dict[int, StoredState] = {}
        if loaded is None:
            return studied
        for document in self._ever_studied(loaded.sha256):
            try:
                _, messages = self._prompt(document)
                state = self._model.studied(messages, [document_owner(document)])
            except (DocumentNotFound, TemplateFailed):
                continue
            except NoModelLoaded:
                return {}
            if state is not None:
                studied[document] = state
        return studied

    def _ever_studied(self, model: str) -> list[int]:
        """Return the documents that a model has studied, in whatever state both were then."""
        owners = {
            state.owners for state in self.states.list() if state.studied and state.model == model
        }
        documents = (document_of(names[0]) for names in owners if len(names) == 1)
        return sorted(document for document in documents if document is not None)

    def _prompt(self, document: int) -> tuple[DocumentRow, list[ChatMessage]]:
        row = self._catalog.document(document)
        texts = [(row, self._catalog.text(row.id))]
        return row, prompt.over_documents("", texts, ())


def _holds(context: int, tokens: int) -> bool:
    """Whether a context window leaves room for a question about so much, and its answer."""
    return tokens + plan.answer_room(AnsweringSettings(), context) <= context


def _needed_context(tokens: int, trained: int) -> int:
    """Return a window that holds so much, of those a model can have; 0 where there is none."""
    wanted = tokens + AnsweringSettings().max_answer_tokens
    wanted = min(-(-wanted // _CONTEXT_STEP) * _CONTEXT_STEP, trained)
    return wanted if _holds(wanted, tokens) else 0
