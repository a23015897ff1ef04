"""Searching documents with a GGUF embedder: chosen from the library, in place of the usual one."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import gguf
import numpy as np
import pytest

from assistant.assistant import Assistant
from assistant.embedders import chosen_embedder
from assistant.errors import EmbedderNotFound
from assistant.paths import DataPaths
from assistant.services.gguf_embedder import GgufEmbedder, open_embedder
from assistant.wording import explain
from indexing.embedder import Embedder
from indexing.errors import EmbedderMissing, EmbedderUnsound
from indexing.index import Index
from indexing.readers.read import read
from tests.integration.gguf_embedder import write_embedder

pytestmark = pytest.mark.model

QUESTION = "What does the tenant pay each month?"
FILES = {
    "lease.md": "# The lease\n\nThe monthly rent of the flat is 940 euros, due on the third day.\n",
    "herring.md": "# Herring\n\nBarrels of salted herring went up the river to the inland towns.\n",
    "bread.md": "# Bread\n\nKnead the dough for ten minutes and let it rise for an hour.\n",
}


@pytest.fixture(scope="module")
def gguf_path(embedder_path, tmp_path_factory) -> Path:
    return write_embedder(embedder_path, tmp_path_factory.mktemp("gguf") / "minilm.gguf")


@pytest.fixture
def papers(tmp_path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def run(steps):
    for _ in steps:
        pass


def test_it_makes_the_vectors_of_the_usual_one(gguf_path, embedder_path):
    usual = Embedder(embedder_path)
    with closing(GgufEmbedder(gguf_path)) as embedder:
        # From its name it is told apart without being loaded.
        assert embedder.identity.startswith("minilm.gguf:")
        texts = list(FILES.values())
        assert (embedder.encode_passages(texts) * usual.encode(texts)).sum(axis=1).min() > 0.99
        assert embedder.passage_room == 510
        before = embedder.encode([QUESTION])
        embedder.close()
        # Loaded again where it is needed again.
        assert np.array_equal(embedder.encode([QUESTION]), before)


def test_queries_and_passages_get_what_the_model_was_trained_with(gguf_path, tmp_path):
    path = tmp_path / "nomic-embed-text-v1.5.Q8_0.gguf"
    path.symlink_to(gguf_path)
    with closing(GgufEmbedder(path)) as nomic, closing(GgufEmbedder(gguf_path)) as plain:
        asked, written = nomic.encode_queries([QUESTION]), nomic.encode_passages([QUESTION])
        assert np.allclose(asked, plain.encode(["search_query: " + QUESTION]), atol=1e-5)
        assert np.allclose(written, plain.encode(["search_document: " + QUESTION]), atol=1e-5)
        assert nomic.identity.partition(":")[2] != plain.identity.partition(":")[2]
        [prompt] = plain.count_tokens(["search_document: "])
        assert nomic.passage_room == plain.passage_room - prompt


def test_it_takes_the_place_of_the_usual_one_and_gives_it_back(
    data_dir, papers, embedder_path, gguf_path
):
    def opened(path):
        return Index(data_dir, path, read, open_embedder=open_embedder)

    with closing(opened(embedder_path)) as index:
        run(index.add([str(papers)]))
        assert index.embedders.choose(gguf_path).left == len(FILES)
        # Until it has all vectors, the usual one answers.
        assert index.embedders.answering.embedder.path == embedder_path
        assert index.search(QUESTION, 1).hits[0].title == "The lease"
        run(index.resume())
        assert index.embedders.use().path == str(gguf_path)
        assert index.search(QUESTION, 1).hits[0].title == "The lease"
    with closing(opened(gguf_path)) as index:
        assert index.embedders.use().coming is None
        (papers / "furs.md").write_text("# Furs\n\nSable came down the river in spring.\n")
        run(index.add([str(papers / "furs.md")]))
        assert index.search("which fur came in spring", 1).hits[0].title == "Furs"
    with closing(opened(embedder_path)) as index:
        run(index.resume())
        assert index.embedders.use().path == str(embedder_path)
        assert index.search(QUESTION, 1).hits[0].title == "The lease"


def damaged(whole: Path, path: Path) -> Path:
    """The same model with a layer that makes no numbers."""
    shutil.copyfile(whole, path)
    reader = gguf.GGUFReader(path, "r+")
    tensor = next(each for each in reader.tensors if each.name == "token_embd_norm.weight")
    tensor.data[:] = np.nan
    reader.data.flush()
    return path


def test_one_that_cannot_be_used_leaves_the_old_one(
    data_dir, papers, embedder_path, gguf_path, smollm_path, tmp_path
):
    cut, foreign = tmp_path / "cut.gguf", tmp_path / "letter.gguf"
    cut.write_bytes(gguf_path.read_bytes()[:100_000])
    foreign.write_text("Dear Sir or Madam")
    unusable = {
        cut: "its end is missing. Download it again",
        foreign: "it is not a GGUF file. Get the model in the GGUF format",
        Path(smollm_path): "it does not turn texts into numbers for searching",
        damaged(gguf_path, tmp_path / "nan.gguf"): "it is not sound. Get it again",
    }
    with closing(Index(data_dir, embedder_path, read, open_embedder=open_embedder)) as index:
        run(index.add([str(papers)]))
        before = index.embedders.use()
        for path, why in unusable.items():
            with pytest.raises(EmbedderUnsound) as caught:
                index.embedders.choose(path)
            assert f"{path.name} cannot search documents: {why}" in explain(caught.value)
            assert index.embedders.use() == before
        with pytest.raises(EmbedderMissing):
            index.embedders.choose(tmp_path / "gone.gguf")
        run(index.resume())
        assert index.search(QUESTION, 1).hits[0].title == "The lease"


def test_one_of_the_library_is_chosen_in_the_app(data_dir, papers, embedder_path, gguf_path):
    assistant = Assistant(DataPaths(data_dir))
    try:
        place = assistant.paths.embedders
        place.mkdir(parents=True)
        (place / embedder_path.name).symlink_to(embedder_path)
        assistant.add_documents([str(papers)]).result()
        run(assistant.models.import_file(str(gguf_path)))
        listed = [(one.name, one.state, one.problem) for one in assistant.embedders.list()]
        assert listed == [
            ("all-MiniLM-L6-v2", "in_use", None),
            ("minilm.gguf", "installed", None),
        ]
        # The suffix may be left out.
        assert assistant.embedders.forecast("minilm").result().passages == len(FILES)
        assistant.embedders.choose("minilm")
        assistant.index.resume().result()
        assert assistant.embedders.list()[1].state == "in_use"
        assert assistant.index.search(QUESTION, 1).hits[0].title == "The lease"
        settings = assistant.settings.current.embedder
        chosen = chosen_embedder(assistant.paths, settings, assistant.models)
        assert chosen == assistant.paths.models / "minilm.gguf"
        assistant.models.remove("minilm")
        assert chosen_embedder(assistant.paths, settings, assistant.models) == place / (
            embedder_path.name
        )
        with pytest.raises(EmbedderNotFound):
            assistant.embedders.find("minilm")
    finally:
        assistant.close()
