"""Vectors from a GGUF embedding model: the same as those of the library it was made with."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from indexing.embedder import Embedder
from models.engine.embedding import load_embedding_model
from models.engine.types import LoadSettings
from models.errors import InvalidModelFile
from models.gguf_header import read_header
from tests.integration.gguf_embedder import write_embedder

pytestmark = pytest.mark.model

R = TypeVar("R")

TEXTS = [
    "The monthly rent is 940 euros and is due on the third working day.",
    "What must I pay for the flat each month?",
    "Ships float because they displace as much water as they weigh. " * 10,
    "Köln — ein Fährhaus, 3½ Meilen!",
    "x",
]


def run(generator: Generator[object, None, R]) -> R:
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def test_vectors_agree_with_those_of_sentence_transformers(embedder_path: Path, tmp_path: Path):
    path = write_embedder(embedder_path, tmp_path / "minilm.gguf")
    header = read_header(path)
    assert (header.kind, header.trained_context) == ("embedding", 512)
    model = run(load_embedding_model(str(path), LoadSettings(threads=2)))
    assert (model.dimensions, model.context_tokens) == (384, 512)
    vectors = model.embed([*TEXTS, "word " * 2000])
    reference = Embedder(embedder_path)
    assert model.count_tokens(TEXTS) == reference.count_tokens(TEXTS)
    assert model.embed([]).shape == (0, 384)
    expected = reference.encode(TEXTS)
    cosines = np.sum(vectors[:5] * expected, axis=1)
    assert cosines.min() > 0.99, cosines
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    model.close()
    model.close()


def test_only_an_embedding_model_is_taken(smollm_path):
    with pytest.raises(InvalidModelFile) as caught:
        run(load_embedding_model(str(smollm_path), LoadSettings()))
    assert caught.value.problem == "no_embedding"
