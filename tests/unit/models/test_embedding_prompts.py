"""What embedding models want in front of texts: as their makers describe it."""

from __future__ import annotations

import pytest

from models.catalogue import read_catalogue
from models.embedding_prompts import EmbeddingPrompts, prompts_of

SEARCHING = "Represent this sentence for searching relevant passages: "


@pytest.mark.parametrize(
    ("names", "query", "passage"),
    [
        (("nomic-embed-text-v1.5", "x.gguf"), "search_query: ", "search_document: "),
        (("", "nomic-embed-text-v2-moe.Q6_K.gguf"), "search_query: ", "search_document: "),
        (("E5 Small v2", "model.gguf"), "query: ", "passage: "),
        (("Multilingual E5 Base", ""), "query: ", "passage: "),
        (("BGE Small En v1.5", ""), SEARCHING, ""),
        (("", "bge-m3-Q8_0.gguf"), "", ""),
        (("Snowflake Arctic Embed L v2.0", ""), "query: ", ""),
        (("snowflake-arctic-embed-m-v1.5", ""), SEARCHING, ""),
        (("EmbeddingGemma 300M", ""), "task: search result | query: ", "title: none | text: "),
        (("all-MiniLM-L6-v2", "minilm.gguf"), "", ""),
        (("", ""), "", ""),
    ],
)
def test_a_model_is_known_by_its_names(names, query, passage):
    assert prompts_of(*names) == EmbeddingPrompts(query, passage)


def test_those_of_the_catalogue_are_known():
    offered = {e.name: prompts_of(e.file) for e in read_catalogue() if e.kind == "embedding"}
    assert offered["nomic-embed-text-v1.5"].passage == "search_document: "
    assert offered["qwen3-embedding-0.6b"].query.startswith("Instruct: ")
    assert offered["bge-m3"] == EmbeddingPrompts()
    assert len(offered) == 3
