"""What the tests of the command line share."""

from __future__ import annotations

from tests.integration.studio import Studio

ADDED = {"id", "path", "title", "kind", "pages", "passages", "status", "reason"}
HIT = {"rank", "score", "document", "path", "title", "page", "start", "end", "text"}
ANSWER = {"question", "answer", "sentences", "citations", "mode", "model", "timing"}
SENTENCE = {"text", "supported", "citations"}
CITATION = {"n", "document", "path", "title", "page", "start", "end", "quote"}
TIMING = {
    "retrieve_ms", "prompt_tokens", "cached_tokens", "first_token_ms", "answer_tokens",
    "tokens_per_s",
}  # fmt: skip


def row_of(studio: Studio, name: str) -> dict:
    rows = studio.run("index", "list", "--json").json["documents"]
    return next(row for row in rows if row["path"].endswith(name))


def check_answer(studio: Studio, answer: dict) -> None:
    assert set(answer) == ANSWER
    assert set(answer["timing"]) == TIMING
    assert all(set(sentence) == SENTENCE for sentence in answer["sentences"])
    for citation in answer["citations"]:
        assert set(citation) == CITATION
        text = studio.canonical(citation["document"])
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    numbers = {citation["n"] for citation in answer["citations"]}
    for sentence in answer["sentences"]:
        assert set(sentence["citations"]) <= numbers
        assert sentence["supported"] or not sentence["citations"]
