"""The embedder: counting without torch, unit vectors, and the precision that was measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from indexing.embedder import DIMENSIONS, LEAST_AGREEMENT, LEAST_GAIN, Embedder, measure_precision
from indexing.errors import EmbedderMissing

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def facts() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def embedder(embedder_path, facts):
    made = Embedder(embedder_path, facts.get, facts.__setitem__)
    made.load()
    return made


def test_a_folder_without_the_model_is_said(tmp_path):
    with pytest.raises(EmbedderMissing) as caught:
        Embedder(tmp_path)
    assert caught.value.path == str(tmp_path)


def test_counting_tokens_loads_no_torch(embedder_path):
    code = (
        "import sys; from pathlib import Path; from indexing.embedder import Embedder; "
        f"e = Embedder(Path({str(embedder_path)!r})); "
        "assert e.count_tokens(['one two', '', 'unaffordable']) == [2, 0, 4]; "
        "assert e.identity; assert not e.is_loaded; assert 'torch' not in sys.modules"
    )
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_vectors_are_of_unit_length_and_mean_something(embedder):
    vectors = embedder.encode(["The rent is due in May.", "Payment for the flat", "A sea bird"])
    assert vectors.shape == (3, DIMENSIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_the_vectors_are_those_of_the_library(embedder, embedder_path):
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(embedder_path), device="cpu", local_files_only=True)
    texts = ["Naïve café, 12 °C", "", "日本語", "long " * 400]
    ours = embedder.encode(texts)
    assert (ours * library.encode(texts)).sum(axis=1).min() > LEAST_AGREEMENT


def test_a_text_is_the_same_alone_and_in_a_batch(embedder):
    texts = ["short", "a much longer text about the herring trade of the northern towns " * 5]
    together = embedder.encode(texts)
    alone = np.concatenate([embedder.encode([text]) for text in texts])
    assert (together * alone).sum(axis=1).min() > LEAST_AGREEMENT


def test_the_precision_agrees_with_the_exact_one_and_is_remembered(
    embedder, embedder_path, facts, monkeypatch
):
    from sentence_transformers import SentenceTransformer

    exact = SentenceTransformer(str(embedder_path), device="cpu", local_files_only=True)
    texts = ["The rent is due in May.", "Clause 17.2 of the treaty", "herring, amber and salt"]
    cosines = (embedder.encode(texts) * exact.encode(texts)).sum(axis=1)
    assert cosines.min() >= LEAST_AGREEMENT

    chosen, gain, agreement = measure_precision(exact, embedder._inputs)
    assert chosen == (
        "bfloat16" if agreement >= LEAST_AGREEMENT and gain >= LEAST_GAIN else "float32"
    )
    # What measuring did to the model is undone.
    np.testing.assert_allclose(exact.encode(texts), exact.float().encode(texts), atol=1e-6)
    assert next(iter(exact.parameters())).dtype.is_floating_point
    assert str(next(iter(exact.parameters())).dtype) == "torch.float32"

    monkeypatch.setattr("indexing.embedder.measure_precision", lambda *_: pytest.fail("again"))
    second = Embedder(embedder_path, facts.get, facts.__setitem__)
    second.load()
    assert second.precision == embedder.precision
