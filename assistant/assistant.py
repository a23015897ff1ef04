"""The assistant as a whole: what the window and the command line work with."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from pathlib import Path

from assistant.answering.ask import Answerer
from assistant.answering.calibration import Calibrations
from assistant.answering.types import (
    Answer,
    AskEvent,
    AskRequest,
    Mode,
    Plan,
)
from assistant.collections import Collections
from assistant.compute import ComputeGate
from assistant.conversations.keeping import history_of, keep_answer, place_question
from assistant.conversations.store import ConversationStore
from assistant.embedders import Embedders
from assistant.memory import MemoryGuard
from assistant.model_library import model_library
from assistant.owners import conversation_owner, document_owner, is_conversation
from assistant.paths import DataPaths
from assistant.personas import PersonaLibrary
from assistant.reading_all.kept import KeptReadings
from assistant.reading_all.read import EverythingReader
from assistant.rerankers import Rerankers
from assistant.respondents import Respondents
from assistant.responding import Responding
from assistant.services.downloads import DownloadService
from assistant.services.folders import FolderService
from assistant.services.index import IndexService
from assistant.services.model import ModelService
from assistant.services.model_port import ModelPort
from assistant.settings import SettingsFile
from assistant.studying import Studied, Studies, StudyForecast
from assistant.workers.jobs import Job
from indexing.catalog import Catalog
from indexing.errors import DocumentNotFound
from indexing.types import AddReport, IndexProgress, SearchResult
from models.engine.types import ChatMessage, LoadSettings, PrefillProgress
from models.errors import ModelNeeded
from models.library import ModelFacts
from models.states import StoredState


class Assistant:
    """Wires the stores and the processes of one data folder together.

    Nothing is started and no database is opened before it is needed. Every method may be called
    from any thread; a generator is used by one thread at a time.

    Attributes:
        paths: Where everything lies.
        settings: What the person chose.
        models: The library of models.
        catalog: The documents, to read.
        folders: The folders whose files the library follows.
        index: The documents' index, in its process.
        model: The model in use, in its process.
        downloads: Models from the hub, in its process.
        memory: Settles how a model is loaded that will not fit.
        gate: Holds indexing back while an answer is made.
        studies: What the models have read of the documents.
        personas: Who can answer.
        collections: Documents that belong together under a name.
        embedders: What documents can be searched with.
        rerankers: What can judge the first hits of a search.
    """

    def __init__(self, paths: DataPaths) -> None:
        self.paths = paths.create()
        self.settings = SettingsFile(paths.settings_file)
        self.models = model_library(paths)
        self.catalog = Catalog(paths.root)
        self.index = IndexService(paths)
        self.folders = FolderService(paths, self.index, self.catalog, self._forget_readings)
        self.embedders = Embedders(paths, self.settings, self.catalog, self.models, self.index)
        self.rerankers = Rerankers(paths, self.settings, self.models, self.index)
        self.gate = ComputeGate(self.index.worker)
        self.model = ModelService(paths, self.gate)
        self.memory = MemoryGuard(self.models, self.model)
        self.downloads = DownloadService(paths)
        self.studies = Studies(self.model, self.catalog, self.gate, paths, self.settings)
        self.personas = PersonaLibrary(paths.personas)
        self.collections = Collections(
            paths.root, self.catalog, self.personas, lambda: self.conversations
        )
        self._respondents = Respondents(
            self.settings, self.models, self.personas, self.collections, lambda: self.conversations
        )
        calibrations = Calibrations(paths.calibrations_file)
        self._responding = Responding(
            self._respondents,
            self.model,
            self.memory,
            self.gate,
            Answerer(ModelPort(self.model), self.index, self.catalog, calibrations=calibrations),
            EverythingReader(
                self.model, self.catalog, self.gate, self._open_readings, calibrations
            ),
        )
        self._conversations: ConversationStore | None = None
        self._readings: KeptReadings | None = None
        self._opening = threading.Lock()

    @property
    def conversations(self) -> ConversationStore:
        """The conversations; opened at the first use, which also mends what a kill left."""
        with self._opening:
            if self._conversations is None:
                self._conversations = ConversationStore(self.paths.root)
                self._forget_deleted(self._conversations)
            return self._conversations

    def start(self) -> Job[IndexProgress, AddReport]:
        """Start both processes in the background, so that the first question need not wait.

        Returns:
            What goes on with the documents that an earlier process left unfinished.
        """
        facts = self.current_model()
        if facts is not None:
            self.model.load(facts.path, self.settled_settings(facts))
        return self.index.resume()

    def close(self) -> None:
        """End the processes, within seconds whatever they do, and close the databases."""
        # Side by side: each may take its time before it is killed.
        closing = [
            threading.Thread(target=close, name="closing")
            for close in (
                self.folders.close,
                self.model.close,
                self.index.close,
                self.downloads.close,
            )
        ]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()
        self.catalog.close()
        with self._opening:
            if self._conversations is not None:
                # Now, as the model's process has kept at its end what it held.
                self._forget_deleted(self._conversations)
                self._conversations.close()
            if self._readings is not None:
                self._readings.close()

    def _forget_deleted(self, conversations: ConversationStore) -> None:
        """Drop what models have read of conversations that are deleted; it can be read again."""
        kept = {conversation_owner(one.id) for one in conversations.list()}
        owners = {owner for state in self.studies.states.list() for owner in state.owners}
        for owner in owners - kept:
            if is_conversation(owner):
                self.studies.states.remove(owner)

    # --- Models -----------------------------------------------------------------------------

    def current_model(self) -> ModelFacts | None:
        """Return the model that answers: see `Respondents.current_model`."""
        return self._respondents.current_model()

    def use_model(self, name: str) -> ModelFacts:
        """Let a model answer from now on.

        Raises:
            ModelNotFound: The library has none of that name.
            InvalidModelFile: It cannot be used.
        """
        facts = self._respondents.usable(name)
        self.settings.update(model=facts.name)
        return facts

    def remove_model(self, name: str) -> str:
        """Take a model out of the library: see `ModelLibrary.remove`.

        Raises:
            ModelNotFound: There is no such model.
            ModelNeeded: Documents are searched with it.
        """
        facts = self.models.info(name)
        self._keep_needed([facts])
        return self.models.remove(facts.name)

    def remove_models_folder(self, path: str) -> None:
        """List the models of a folder no longer: see `ModelLibrary.remove_folder`.

        Raises:
            FolderNotUsable: It is none of the folders that were added.
            ModelNeeded: Documents are searched with a model in it.
        """
        self._keep_needed(self.models.only_through(path), path)
        self.models.remove_folder(path)

    def _keep_needed(self, going: Sequence[ModelFacts], folder: str = "") -> None:
        """Refuse to let models go that documents are searched with."""
        names = {facts.path: facts.name for facts in going}
        for embedder in self.embedders.list():
            if embedder.path in names and embedder.is_chosen:
                raise ModelNeeded(names[embedder.path], "embedder", folder)
        for reranker in self.rerankers.list():
            if reranker.path in names and reranker.in_use:
                raise ModelNeeded(names[reranker.path], "reranker", folder)

    def load_settings(self, name: str, conversation: int | None = None) -> LoadSettings:
        """Return how a model is loaded: see `Respondents.load_settings`."""
        return self._respondents.load_settings(name, conversation)

    def settled_settings(self, facts: ModelFacts, conversation: int | None = None) -> LoadSettings:
        """Return the same, as far as the memory that is free allows: see `MemoryGuard.settled`.

        Raises:
            ModelTooLarge: It does not, and the model is not to be loaded all the same.
        """
        return self.memory.settled(facts, self.load_settings(facts.name, conversation))

    # --- Documents --------------------------------------------------------------------------

    def add_documents(
        self, paths: Sequence[str], collection: str | None = None, password: str | None = None
    ) -> Job[IndexProgress, AddReport]:
        """Index files and folders in the background; see `Index.add`."""
        return self.index.add(list(paths), collection, password)

    def remove_documents(self, documents: Sequence[int]) -> list[int]:
        """Take documents out of the library; return those that were there."""
        removed = self.index.remove(list(documents))
        self._forget_readings(removed)
        return removed

    def document_file(self, document: int) -> Path:
        """Return a document's file as it was when it was read; see `Catalog.stored_file`.

        The member of an archive is unpacked for it.

        Raises:
            DocumentNotFound: There is no such document, or no such file of it.
            ReadError: The archive cannot be unpacked, or the member is not in it any more.
        """
        try:
            return self.catalog.stored_file(document)
        except DocumentNotFound:
            if self.catalog.document(document).archive is None:
                raise
        return self.index.member_file(document)

    def _forget_readings(self, documents: Sequence[int]) -> None:
        """Drop what models have read of documents that are gone."""
        for document in documents:
            self.studies.states.remove(document_owner(document))

    def forecast_study(
        self, document: int, model: str | None = None, conversation: int | None = None
    ) -> StudyForecast:
        """Say what studying a document would take: see `Studies.forecast`."""
        facts = self._respondents.model_for(AskRequest("", model=model))
        self.model.load(facts.path, self.settled_settings(facts, conversation)).result()
        return self.studies.forecast(document)

    def study(
        self, document: int, model: str | None = None, conversation: int | None = None
    ) -> Generator[PrefillProgress, None, Studied]:
        """Have the model read a document once, for all questions to come: see `Studies.study`.

        Args:
            document: Which.
            model: Who reads it; None for the one that answers.
            conversation: Whose settings it is loaded with; None for the usual ones.
        """
        facts = self._respondents.model_for(AskRequest("", model=model))
        self.model.load(facts.path, self.settled_settings(facts, conversation)).result()
        return (yield from self.studies.study(document))

    def studied(self, model: str | None = None) -> dict[int, StoredState]:
        """Load a model and return what is kept of the documents it studied: see `Studies.studied`.

        Args:
            model: Which; None for the one that answers.
        """
        facts = self._respondents.model_for(AskRequest("", model=model))
        self.model.load(facts.path, self.settled_settings(facts)).result()
        return self.studies.studied()

    def search(
        self,
        query: str,
        k: int = 10,
        documents: list[int] | None = None,
        collection: str | None = None,
    ) -> SearchResult:
        """Find the passages that fit a query best."""
        return self.index.search(query, k, documents, collection)

    # --- Questions --------------------------------------------------------------------------

    def ask(self, request: AskRequest) -> Generator[AskEvent, None, Answer]:
        """Answer a question; with a conversation, keep both there while the answer comes.

        Closing the generator stops the answer: what had come is kept, proved as far as it goes.
        An answer that fails is kept too, with the reason, and the error goes on to the caller.

        Raises:
            NoModelInstalled: There is no model that could answer.
            ModelNotFound: The library has none of the name asked for.
            ConversationNotFound: There is no such conversation.
            MessageNotFound: It has no such message to follow or to take the place of.
            AnsweringError: The question cannot be answered as it was asked.
            WorkerError: A process failed in the midst of it; the next question works.
        """
        if request.conversation is None:
            request = self._respondents.settled(request)
            return (yield from self._responding.answer(request, []))
        store = self.conversations
        question = place_question(store, request)
        history = history_of(store.history(question.parent))
        writer = store.begin_answer(question.id, request.model)

        def answer() -> Generator[AskEvent, None, Answer]:
            nonlocal request
            request = self._respondents.settled(request)
            return (yield from self._responding.answer(request, history))

        partial = self._responding.partial
        return (yield from keep_answer(writer, answer(), lambda text: partial(request, text)))

    def ask_again(
        self, message: int, model: str | None = None, mode: Mode = "auto"
    ) -> Generator[AskEvent, None, Answer]:
        """Answer a kept question once more, given itself or its answer; see `ask`."""
        kept = self.conversations.message(message)
        if kept.role == "assistant" and kept.parent is not None:
            kept = self.conversations.message(kept.parent)
        conversation = self.conversations.get(kept.conversation)
        scope = conversation.scope
        return self.ask(
            AskRequest(
                kept.text,
                conversation=kept.conversation,
                replaces=kept.id,
                documents=scope.documents,
                collections=scope.collections,
                use_documents=scope.use_documents,
                mode=mode,
                model=model or conversation.model,
                persona=conversation.persona,
            )
        )

    def plan(self, request: AskRequest) -> Plan:
        """Say what the model would be given for a question, without having it read anything.

        It searches, and loads the model where it is not loaded: call it off a window's thread.
        """
        request = self._respondents.settled(request)
        history: list[ChatMessage] = []
        if request.conversation is not None:
            leaf = request.parent or self.conversations.get(request.conversation).leaf
            if request.replaces is not None:
                leaf = self.conversations.message(request.replaces).parent
            history = history_of(self.conversations.history(leaf))
        steps = self._responding.answer(request, history)
        try:
            # The plan comes before the model is asked for anything.
            return next(event for event in steps if isinstance(event, Plan))
        finally:
            steps.close()

    def _open_readings(self) -> KeptReadings:
        """Return what was read through; opened at the first use, beside the conversations."""
        _ = self.conversations  # whose tables it refers to
        with self._opening:
            if self._readings is None:
                self._readings = KeptReadings(self.paths.root)
            return self._readings
