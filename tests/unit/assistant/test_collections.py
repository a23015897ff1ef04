"""Collections as a person keeps them, and the scopes that name them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from assistant.assistant import Assistant
from assistant.conversations.schema import COMPONENT, MIGRATIONS
from assistant.conversations.store import ConversationStore
from assistant.conversations.types import Draft, Scope
from assistant.paths import DataPaths
from assistant.personas import Persona
from indexing.catalog import Catalog
from indexing.database import connect, migrate, transaction
from indexing.errors import CollectionExists, CollectionNotFound, CollectionOfFolder
from indexing.folders.store import MIGRATIONS as FOLDER_MIGRATIONS
from indexing.folders.store import FolderStore
from indexing.schema import COMPONENT as DOCUMENTS
from indexing.schema import MIGRATIONS as DOCUMENT_MIGRATIONS
from indexing.store import DocumentStore
from indexing.types import Block, CanonicalDocument
from tests.library import put_document

TEXT = "The rent is 900 euros."


def put(data_dir, name):
    document = CanonicalDocument(name, "text", TEXT + name, (Block(0, len(TEXT), "paragraph"),))
    return put_document(data_dir, document, f"/papers/{name}.txt")


@pytest.fixture
def assistant(data_dir):
    assistant = Assistant(DataPaths(data_dir))
    yield assistant
    assistant.close()


@pytest.fixture
def papers(data_dir, assistant):
    return [put(data_dir, name) for name in ("lease", "tax", "notes")]


def names(assistant, document):
    return assistant.catalog.document(document).collections


def test_a_document_may_belong_to_several(assistant, papers):
    lease, tax, _ = papers
    collections = assistant.collections
    assert collections.put("House", [lease, tax]) == [lease, tax]
    assert collections.put("  2025  papers ", [tax]) == [tax]
    assert collections.put("House", [tax]) == []
    assert names(assistant, tax) == ("2025 papers", "House")
    assert [(one.name, one.documents) for one in collections.list()] == [
        ("2025 papers", (tax,)),
        ("House", (lease, tax)),
    ]
    assert [row.id for row in assistant.catalog.documents("House")] == [lease, tax]
    assert collections.documents_of(["2025 papers", "House"]) == [tax, lease]
    assert collections.take_out("House", [lease, tax]) == [lease, tax]
    assert [one.name for one in collections.list()] == ["2025 papers"]
    with pytest.raises(CollectionNotFound):
        collections.documents_of(["2025 papers", "House"])
    for nonsense in ("  ", "x" * 81):
        with pytest.raises(ValueError, match="1 to 80"):
            collections.put(nonsense, [lease])


def test_a_document_stays_in_it_read_again_and_moved_and_leaves_with_its_removal(
    data_dir, assistant, papers
):
    lease, tax, _ = papers
    assistant.collections.put("House", [lease, tax])
    assert put(data_dir, "lease") == lease
    with closing(connect(data_dir)) as connection:
        store = DocumentStore(connection)
        store.move(tax, "/elsewhere/taxes.txt", 1)
        assert names(assistant, lease) == names(assistant, tax) == ("House",)
        store.remove([lease])
    assert assistant.collections.documents_of(["House"]) == [tax]


def test_renaming_it_renames_what_names_it(assistant, papers):
    lease, tax, notes = papers
    assistant.collections.put("House", [lease])
    assistant.collections.put("Tax", [tax])
    conversations = assistant.conversations
    talk = conversations.create(Scope((notes,), ("House", "Tax")))
    other = conversations.create(Scope((lease,)))
    conversations.keep_drafts({None: Draft("What is", Scope(collections=("House",)))})
    assistant.personas.save(Persona("", "Caretaker", collection="House"))
    assistant.collections.rename("House", "Flat")
    assert conversations.get(talk.id).scope == Scope((notes,), ("Flat", "Tax"))
    assert conversations.get(other.id).scope == Scope((lease,))
    assert conversations.drafts()[None].scope.collections == ("Flat",)
    assert assistant.personas.get("caretaker").collection == "Flat"
    assert assistant.collections.documents_of(["Flat"]) == [lease]
    with pytest.raises(CollectionExists):
        assistant.collections.rename("Flat", "Tax")
    with pytest.raises(CollectionNotFound):
        assistant.collections.rename("House", "Home")


def test_letting_it_go_is_undone_by_putting_its_documents_back(assistant, papers):
    lease, tax, _ = papers
    assistant.collections.put("House", [lease, tax])
    talk = assistant.conversations.create(Scope(collections=("House",)))
    assert assistant.collections.delete("House") == [lease, tax]
    assert assistant.collections.list() == []
    assert {row.id for row in assistant.catalog.documents()} == set(papers)
    assistant.collections.put("House", [lease, tax])
    scope = assistant.conversations.get(talk.id).scope
    assert assistant.collections.documents_of(scope.collections) == [lease, tax]


def test_what_a_watched_folder_keeps_stays_in_its_collection(data_dir, assistant, papers):
    lease, tax, notes = papers
    with closing(connect(data_dir)) as connection:
        migrate(connection, "folders", FOLDER_MIGRATIONS)
        folders = FolderStore(connection)
        folder = folders.watch("/papers", "Papers", None, None, "/")
        folders.follow(folder, [lease, tax])
        with transaction(connection):
            connection.execute("UPDATE documents SET collection = 'Papers' WHERE id = ?", (notes,))
    assert assistant.collections.put("Papers", [lease]) == []
    # That it was added under by itself, and may leave.
    assert assistant.collections.take_out("Papers", [lease, notes]) == [notes]
    with pytest.raises(CollectionOfFolder):
        assistant.collections.delete("Papers")
    assistant.collections.rename("Papers", "Letters")
    [one] = assistant.collections.list()
    assert (one.name, one.documents, one.of_folder) == ("Letters", (lease, tax), True)
    assert assistant.catalog.folders()[0].collection == "Letters"


def test_a_duplicate_takes_its_original_along(data_dir, assistant, papers):
    lease, copy, _ = papers
    with closing(connect(data_dir)) as connection:
        store = DocumentStore(connection)
        original = store.raw(lease)
        assert original is not None
        store.set_duplicate(copy, original)
    assert assistant.collections.put("House", [copy]) == [lease, copy]


def test_a_library_of_before_is_read_and_can_be_put_in_order(data_dir, assistant):
    with closing(connect(data_dir)) as connection:
        migrate(connection, DOCUMENTS, DOCUMENT_MIGRATIONS)
        connection.execute(
            "INSERT INTO documents (path, title, kind, collection, status, bytes, mtime_ns) "
            "VALUES ('/a.txt', 'a', 'text', 'Home', 'ready', 1, 1)"
        )
    assert names(assistant, 1) == ("Home",)
    assistant.collections.put("Tax", [1])
    assert names(assistant, 1) == ("Home", "Tax")


def test_a_scope_of_before_names_its_collection(data_dir):
    with closing(connect(data_dir)) as connection:
        migrate(connection, COMPONENT, MIGRATIONS[:3])
        for scope in ({"collection": "Home"}, {"documents": [3], "collection": None}):
            kept = json.dumps({"documents": [], "use_documents": True, **scope})
            connection.execute(
                "INSERT INTO conversations (created, updated, scope) VALUES (1, 1, ?)", (kept,)
            )
        connection.execute("INSERT INTO drafts VALUES (0, 'x', ?)", ('{"collection": "Home"}',))
    with closing(ConversationStore(data_dir)) as store:
        scopes = {one.id: one.scope for one in store.list()}
        assert scopes == {1: Scope(collections=("Home",)), 2: Scope(documents=(3,))}
        assert store.drafts()[None].scope == Scope(collections=("Home",))
    with closing(sqlite3.connect(data_dir / "studiolo.db")) as connection:
        [(kept,)] = connection.execute("SELECT scope FROM conversations WHERE id = 1")
        assert "collection" not in json.loads(kept)
    with closing(Catalog(data_dir)) as catalog:
        assert catalog.collections() == {}
