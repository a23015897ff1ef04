"""A sentence for each kind of error: what failed, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from assistant.sentences.documents import DOCUMENT_SENTENCES
from assistant.sentences.downloads import DOWNLOAD_SENTENCES
from assistant.sentences.facts import Facts
from assistant.sentences.models import MODEL_SENTENCES
from assistant.sentences.processes import PROCESS_SENTENCES
from assistant.sentences.questions import QUESTION_SENTENCES

_SENTENCES: Final[dict[str, Callable[[Facts], str]]] = {
    **DOCUMENT_SENTENCES,
    **MODEL_SENTENCES,
    **DOWNLOAD_SENTENCES,
    **QUESTION_SENTENCES,
    **PROCESS_SENTENCES,
}


def sentence_for(kind: str, facts: Facts) -> str | None:
    """Return the sentence for an error, named by its class; None for one that nobody foresaw."""
    if kind == "WorkerGaveUp":
        # What a start failed with is known by its class: "indexing.errors.StoreBusy: …".
        cause = str(facts.get("detail") or "").partition(":")[0].rpartition(".")[2]
        kind = cause if cause in _SENTENCES else kind
    words = _SENTENCES.get(kind)
    return words(facts) if words else None
