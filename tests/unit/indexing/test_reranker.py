"""Judging the first hits with a cross-encoder: the wiring, with a real small model."""

from __future__ import annotations

from contextlib import closing

import pytest

from indexing import fusion, search
from indexing.index import Index
from indexing.readers.read import read
from indexing.reranker import Reranker

pytestmark = pytest.mark.model

NOTES = {
    "rent.txt": "The monthly rent of the flat is 940 euros.",
    "dogs.txt": "Dogs in the flat need the consent of whom the rent is paid to.",
    "bread.txt": "Knead the dough; rent an oven if there is none in the flat.",
}


@pytest.fixture(scope="module")
def cross_encoder_path(embedder_path, tmp_path_factory):
    """A cross-encoder as it is installed, with weights by chance."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(5)
    plain, folder = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("rerankers")
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.5,
    )
    config.num_labels = 1
    BertForSequenceClassification(config).save_pretrained(plain)
    AutoTokenizer.from_pretrained(embedder_path).save_pretrained(plain)
    model = CrossEncoder(str(plain), device="cpu", local_files_only=True)
    model.save_pretrained(str(folder / "small"))
    return folder / "small"


def test_each_text_is_judged_with_the_query(cross_encoder_path):
    reranker = Reranker(cross_encoder_path)
    texts = list(NOTES.values())
    query = "How much is the rent?"
    scores = reranker.scores(query, texts)
    assert all(0 < score < 1 for score in scores)
    assert len(set(scores)) == len(texts)
    assert scores != reranker.scores("Are dogs allowed?", texts)
    assert scores[1:] == pytest.approx(
        reranker.scores("How much is the rent?", texts[1:]), abs=1e-5
    )
    assert reranker.scores("?", []) == []


def test_the_search_is_ranked_by_its_judgement(
    data_dir, tmp_path, embedder_path, cross_encoder_path, monkeypatch
):
    for name, text in NOTES.items():
        (tmp_path / name).write_text(text)
    query = "How much is the rent of the flat?"
    with closing(Index(data_dir, embedder_path, read)) as index:
        for _ in index.add([str(tmp_path / name) for name in NOTES]):
            pass
        plain = {hit.path: hit.score for hit in index.search(query).hits}
    with closing(
        Index(data_dir, embedder_path, read, reranker=Reranker(cross_encoder_path))
    ) as index:
        hits = index.search(query).hits
        rows = index.searcher.read([item.passage for item in index.searcher.rank([query])[0]])
        texts = {row.path: f"{row.title}\n\n{row.text}" for row in rows.values()}
        scores = Reranker(cross_encoder_path).scores(query, [texts[hit.path] for hit in hits])
        assert [hit.score for hit in hits] == pytest.approx(
            [
                plain[hit.path] + fusion.JUDGEMENT_WEIGHT * score
                for hit, score in zip(hits, scores, strict=True)
            ],
            abs=1e-3,
        )
        assert [hit.score for hit in hits] == sorted((h.score for h in hits), reverse=True)
        # Sure enough, it turns the order around.
        monkeypatch.setattr(search, "JUDGEMENT_WEIGHT", -100.0)
        turned = [hit.path for hit in index.search(query).hits]
        best_first = sorted(zip(scores, hits, strict=True), key=lambda pair: pair[0])
        assert turned == [hit.path for _, hit in best_first]
