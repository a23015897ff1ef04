"""A store of conversations in a folder of its own."""

from __future__ import annotations

import pytest

from assistant.conversations.store import ConversationStore


@pytest.fixture
def store(tmp_path):
    store = ConversationStore(tmp_path)
    yield store
    store.close()
