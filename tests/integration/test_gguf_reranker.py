"""Judging search results with a GGUF cross-encoder, chosen from the library."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.errors import RerankerNotFound
from assistant.paths import DataPaths
from assistant.services.gguf_reranker import GgufReranker, open_reranker
from assistant.wording import explain
from indexing.reranker import Reranker
from models.errors import InvalidModelFile
from tests.integration.gguf_embedder import write_embedder, write_reranker

pytestmark = pytest.mark.model

QUERY = "How much is the rent of the flat?"
NOTES = {
    "rent.txt": "The monthly rent of the flat is 940 euros.",
    "dogs.txt": "Dogs in the flat need the consent of whom the rent is paid to.",
    "bread.txt": "Knead the dough; rent an oven if there is none in the flat.",
}


@pytest.fixture(scope="module")
def folder(embedder_path, tmp_path_factory) -> Path:
    """A cross-encoder with weights by chance, which tells no types of tokens."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(5)
    plain, saved = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("rerankers")
    config = BertConfig(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.5,
    )
    config.num_labels = 1
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.bert.embeddings.token_type_embeddings.weight[1] = (
            model.bert.embeddings.token_type_embeddings.weight[0]
        )
    model.save_pretrained(plain)
    AutoTokenizer.from_pretrained(embedder_path).save_pretrained(plain)
    CrossEncoder(str(plain), device="cpu", local_files_only=True).save_pretrained(
        str(saved / "small")
    )
    return saved / "small"


@pytest.fixture(scope="module")
def gguf_path(folder, embedder_path, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "small-reranker.gguf"
    return write_reranker(folder, embedder_path / "vocab.txt", path)


def test_it_judges_as_the_library_it_was_made_with(folder, gguf_path):
    texts = [*NOTES.values(), "rent " * 2000]
    with closing(open_reranker(gguf_path)) as reranker, closing(open_reranker(folder)) as usual:
        assert isinstance(reranker, GgufReranker)
        assert isinstance(usual, Reranker)
        made = reranker.scores(QUERY, texts)
        assert made == pytest.approx(usual.scores(QUERY, texts), abs=0.02)
        assert len({round(score, 3) for score in made}) == len(texts)
        assert reranker.scores("Are dogs allowed?", texts[:3]) != made[:3]
        assert reranker.scores(QUERY, []) == []
        # Of a query as long as a book half the room is left for the passage.
        long = reranker.scores("rent " * 2000, texts[:2])
        assert long[0] != long[1]


def test_one_of_the_library_is_chosen_and_given_up(data_dir, tmp_path, embedder_path, gguf_path):
    for name, text in NOTES.items():
        (tmp_path / name).write_text(text)
    other = write_embedder(embedder_path, tmp_path / "embedder.gguf")
    assistant = Assistant(DataPaths(data_dir))

    def scores():
        return {hit.path: hit.score for hit in assistant.index.search(QUERY).hits}

    try:
        assistant.paths.embedders.mkdir(parents=True)
        (assistant.paths.embedders / embedder_path.name).symlink_to(embedder_path)
        assistant.add_documents([str(tmp_path / name) for name in NOTES]).result()
        plain = scores()
        for path in (gguf_path, other):
            for _ in assistant.models.import_file(str(path)):
                pass
        assert [(one.name, one.in_use) for one in assistant.rerankers.list()] == [
            ("small-reranker.gguf", False)
        ]
        assistant.rerankers.choose("small-reranker")
        judged = scores()
        assert {path: judged[path] > plain[path] for path in plain} == dict.fromkeys(plain, True)
        assert assistant.rerankers.list()[0].in_use
        with pytest.raises(RerankerNotFound) as caught:
            assistant.rerankers.choose("embedder.gguf")
        assert "There is no model embedder.gguf to judge" in explain(caught.value)
        with pytest.raises(InvalidModelFile) as refused:
            assistant.index.use_reranker(other)
        assert "does not judge search results" in explain(refused.value)
        assert scores() == pytest.approx(judged, abs=1e-4)
        assistant.rerankers.choose(None)
        assert scores() == pytest.approx(plain, abs=1e-4)
        assert not assistant.rerankers.list()[0].in_use
    finally:
        assistant.close()
