from __future__ import annotations

import contextlib

import pytest

from assistant.answering.types import AskRequest
from assistant.conversations.store import ConversationStore
from assistant.reading_all import kept as kept_module
from assistant.reading_all.kept import KeptReadings, Written
from indexing.database import connect
from indexing.types import Block, CanonicalDocument
from tests.library import put_document

WRITTEN = Written(('["one"]',), whole=True)


@pytest.fixture
def document(data_dir):
    text = "One and only sentence."
    block = Block(0, len(text), "paragraph")
    return put_document(data_dir, CanonicalDocument("One", "md", text, (block,)), "/one.md")


@pytest.fixture
def store(data_dir):
    made = ConversationStore(data_dir)
    yield made
    made.close()


@pytest.fixture
def kept(data_dir, store, document):
    made = KeptReadings(data_dir)
    yield made
    made.close()


def test_what_was_read_is_found_by_the_same_question_of_the_same_model_alone(kept, document):
    request = AskRequest("List all.", model="a.gguf")
    assert kept.find(request, "List all.", "items") is None
    reading = kept.begin(request, "List all.", "items", 1200)
    kept.keep(reading, document, "digest", WRITTEN)
    again = kept.begin(request, "List all.", "items", 9999)
    assert again == reading  # its windows stay as they were cut
    assert kept.written(again) == {(document, "digest"): WRITTEN}
    for other, question in (
        (AskRequest("List all.", model="b.gguf"), "List all."),
        (request, "List all but one."),
    ):
        assert kept.find(other, question, "items") is None


def test_it_goes_with_its_document_and_with_its_conversation(kept, store, document, data_dir):
    talk = store.create().id
    request = AskRequest("List all.", conversation=talk, model="a.gguf")
    reading = kept.begin(request, "List all.", "items", 1200)
    kept.keep(reading, document, "digest", WRITTEN)
    with contextlib.closing(connect(data_dir)) as connection:
        connection.execute("DELETE FROM documents")
        assert kept.written(reading) == {}
        # What is read of a document that is gone by then is not missed.
        kept.keep(reading, document, "digest", WRITTEN)
        assert kept.written(reading) == {}
        connection.execute("DELETE FROM conversations")
    assert kept.find(request, "List all.", "items") is None


def test_what_nobody_asked_for_in_a_month_is_forgotten(kept, document, data_dir, monkeypatch):
    request = AskRequest("List all.", model="a.gguf")
    kept.begin(request, "List all.", "items", 1200)
    later = kept_module.now_ms() + kept_module.KEEP_MS + 1000
    monkeypatch.setattr(kept_module, "now_ms", lambda: later)
    with contextlib.closing(KeptReadings(data_dir)) as reopened:
        assert reopened.find(request, "List all.", "items") is None
