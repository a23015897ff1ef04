"""Another embedder for what is indexed: the old one answers until all is embedded anew."""

from __future__ import annotations

from contextlib import closing
from typing import Any, cast

import numpy as np
import pytest

from assistant.assistant import Assistant
from assistant.embedders import chosen_embedder
from assistant.errors import EmbedderNotFound
from assistant.paths import DataPaths
from indexing.embedder import Embedder
from indexing.index import Index
from indexing.readers.read import read
from indexing.vectors import VectorStore

pytestmark = pytest.mark.model

TOPICS = ("herring", "amber", "salt")


@pytest.fixture(scope="module")
def other_path(embedder_path, tmp_path_factory):
    """A model of its own: the first two layers of the usual one, with prompts."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(embedder_path), device="cpu", local_files_only=True)
    encoder: Any = model[0].auto_model
    encoder.encoder.layer = encoder.encoder.layer[:2]
    encoder.config.num_hidden_layers = 2
    model.prompts = cast("Any", {"query": "query: ", "document": "passage: "})
    folder = tmp_path_factory.mktemp("models") / "two-layers"
    model.save(str(folder), create_model_card=False)
    return folder


@pytest.fixture
def papers(tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    for topic in TOPICS:
        parts = (f"## {topic} {n}\n\n" + f"On {topic} and port {n}. " * 30 for n in range(4))
        (folder / f"{topic}.md").write_text(f"# The trade in {topic}\n\n" + "\n\n".join(parts))
    return folder


def run(steps):
    for _ in steps:
        pass


def result_of(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def stop_at_first_vectors(steps):
    event = next(event for event in steps if event.stage == "embedding")
    steps.close()
    return event


def embedders_of(data_dir):
    with closing(VectorStore(data_dir / "vectors", "none")) as vectors:
        return {identity.partition(":")[0] for identity in vectors.embedders()}


def test_prompts_are_those_of_the_model(other_path, embedder_path):
    other, usual = Embedder(other_path), Embedder(embedder_path)
    text = ["who bought the herring"]
    assert np.allclose(other.encode_queries(text), other.encode(["query: " + text[0]]), atol=1e-3)
    assert np.allclose(
        other.encode_passages(text), other.encode(["passage: " + text[0]]), atol=1e-3
    )
    assert not np.allclose(other.encode_queries(text), other.encode_passages(text), atol=1e-3)
    assert np.allclose(usual.encode_queries(text), usual.encode(text), atol=1e-3)


def test_with_other_prompts_it_is_another_model(other_path, embedder_path):
    before = Embedder(other_path).identity
    config = other_path / "config_sentence_transformers.json"
    kept = config.read_text()
    try:
        config.write_text(kept.replace("passage: ", "text: "))
        assert Embedder(other_path).identity != before
    finally:
        config.write_text(kept)
    assert Embedder(other_path).identity == before
    assert Embedder(embedder_path).identity.startswith("all-MiniLM-L6-v2:")


def test_the_old_embedder_answers_until_the_new_one_can(
    data_dir, papers, embedder_path, other_path, monkeypatch
):
    question = "Which port traded in amber?"
    with closing(Index(data_dir, embedder_path, read)) as index:
        run(index.add([str(papers)]))
        [before] = index.embed([question])
        hits = index.search(question, 5).hits
        everything = len(index.searcher.dense("port", 1000))
    assert everything >= 4 * len(TOPICS)

    def same_as_before(index):
        return (
            np.allclose(index.embed([question])[0], before, atol=1e-3)
            and len(index.searcher.dense("port", 1000)) >= everything
            and [hit.start for hit in index.search(question, 5).hits] == [hit.start for hit in hits]
        )

    with closing(Index(data_dir, other_path, read)) as index:
        assert same_as_before(index)
        event = stop_at_first_vectors(index.resume())
        assert same_as_before(index)
        assert event.total is not None
        left = event.total - event.done
        assert 0 < left < everything
        assert embedders_of(data_dir) == {"all-MiniLM-L6-v2", "two-layers"}

    made: list[str] = []
    encode = Embedder.encode_passages
    with closing(Index(data_dir, other_path, read)) as index:
        assert same_as_before(index)
        # A file that is added meanwhile is embedded by both.
        (papers / "furs.md").write_text("# Furs\n\nSable came down the river in spring.\n")
        monkeypatch.setattr(index.embedders, "change", lambda most=0: iter(()))
        run(index.add([str(papers / "furs.md")]))
        monkeypatch.undo()
        monkeypatch.setattr(
            Embedder,
            "encode_passages",
            lambda self, texts: (made.extend(texts), encode(self, texts))[1],
        )
        finished = [event for event in index.resume() if event.stage == "finished"]
        assert {event.document.title for event in finished} >= {"Furs"}
        # What the stopped run had made is not made again.
        assert len(made) == left + 1
        assert not np.allclose(index.embed([question])[0], before, atol=1e-3)
        assert len(index.searcher.dense("port", 1000)) == everything + 1
        assert index.search(question, 5).hits[0].title == "The trade in amber"
        assert "Sable" in index.search("which fur came down the river", 1).hits[0].text
        run(index.resume())
        assert len(made) == left + 1
    assert embedders_of(data_dir) == {"two-layers"}


def test_without_the_old_embedder_all_is_embedded_anew(
    data_dir, papers, embedder_path, other_path, tmp_path
):
    moved = tmp_path / "moved"
    moved.symlink_to(other_path)
    with closing(Index(data_dir, moved, read)) as index:
        run(index.add([str(papers / "amber.md")]))
    moved.unlink()
    with closing(Index(data_dir, embedder_path, read)) as index:
        assert index.search("amber", 1).hits
        run(index.resume())
        assert index.searcher.dense("amber", 3)
    assert embedders_of(data_dir) == {"all-MiniLM-L6-v2"}


def test_another_is_chosen_and_given_up_and_chosen_while_the_index_is_open(
    data_dir, papers, embedder_path, other_path
):
    with closing(Index(data_dir, embedder_path, read)) as index:
        run(index.add([str(papers)]))
        embedders = index.embedders
        before = embedders.use()
        assert (before.path, before.coming, before.left) == (str(embedder_path), None, 0)
        [old] = index.embed(["amber"])

        forecast = result_of(embedders.forecast(other_path))
        assert forecast.passages == before.passages >= 4 * len(TOPICS)
        assert forecast.seconds > 0
        # Nothing of it was kept, and nothing has begun.
        assert embedders.use() == before

        coming = embedders.choose(other_path)
        assert (coming.coming, coming.left) == (str(other_path), before.passages)
        steps = index.resume()
        next(event for event in steps if event.stage == "embedding")
        left = embedders.use().left
        assert 0 < left < before.passages
        # Given up while it goes on, it ends.
        assert embedders.choose(embedder_path) == before
        run(steps)
        assert np.allclose(index.embed(["amber"])[0], old, atol=1e-3)

        # Chosen again, it goes on where it was.
        assert embedders.choose(other_path).left == left
        events = [event for event in index.resume() if event.stage == "embedding"]
        assert {event.files_left for event in events} == {0}
        assert [event.total for event in events][-1] == left
        assert embedders.use().path == str(other_path)
        assert not np.allclose(index.embed(["amber"])[0], old, atol=1e-3)
        assert index.search("Which port traded in amber?", 1).hits[0].title == "The trade in amber"
    assert embedders_of(data_dir) == {"two-layers"}


def test_what_can_be_chosen_is_listed(data_dir, embedder_path, other_path):
    assistant = Assistant(DataPaths(data_dir))
    try:
        place = assistant.paths.embedders
        place.mkdir(parents=True)
        assert assistant.embedders.list() == []
        usual = assistant.paths.embedder
        (place / embedder_path.name).symlink_to(embedder_path)
        (place / "two-layers").symlink_to(other_path)
        (place / "half").mkdir()
        (place / "half" / "config.json").write_text("{}")
        assert [(one.name, one.state, one.problem) for one in assistant.embedders.list()] == [
            ("all-MiniLM-L6-v2", "in_use", None),
            ("two-layers", "installed", None),
            ("half", "unusable", "incomplete"),
        ]
        for name in ("half", "nothing"):
            with pytest.raises(EmbedderNotFound):
                assistant.embedders.find(name)
        # Chosen and not ready yet; what is chosen and no longer there counts as not chosen.
        assistant.settings.update(embedder="two-layers")
        paths, models = assistant.paths, assistant.models
        assert chosen_embedder(paths, "two-layers", models) == place / "two-layers"
        (place / "two-layers").unlink()
        assert chosen_embedder(paths, "two-layers", models) == usual
    finally:
        assistant.close()
