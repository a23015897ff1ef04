"""Vectors by passage id, in Chroma."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from indexing import vectors as vectors_module
from indexing.scope import Scope
from indexing.vectors import VectorStore


def unit(count: int, seed: int = 0):
    made = np.random.default_rng(seed).normal(size=(count, 384)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture
def store(data_dir):
    with closing(VectorStore(data_dir / "vectors", "model-a")) as opened:
        yield opened


def scope(*documents):
    """A scope of documents of a hundred passages each."""
    return Scope(documents, tuple((n * 100, n * 100 + 99) for n in documents))


def test_the_nearest_are_found_with_their_vectors(store):
    vectors = unit(300)
    store.put(range(300), vectors, [n // 100 for n in range(300)])
    [near] = store.nearest(vectors[7:8], 5)
    exact = vectors @ vectors[7]
    assert [n for n, _ in near] == np.argsort(-exact)[:5].tolist()
    for n, vector in near:
        np.testing.assert_allclose(vector, vectors[n], atol=1e-6)


@pytest.mark.parametrize(("compared", "widest"), [(1000, 0), (0, 1000), (0, 0)])
def test_a_search_keeps_to_its_documents(store, monkeypatch, compared, widest):
    monkeypatch.setattr(vectors_module, "_COMPARED", compared)
    monkeypatch.setattr(vectors_module, "_WIDEST", widest)
    vectors = unit(300)
    store.put(range(300), vectors, [n // 100 for n in range(300)])
    [near] = store.nearest(vectors[7:8], 500, scope(1, 2))
    assert {n for n, _ in near} == set(range(100, 300))
    [near] = store.nearest(vectors[7:8], 5, scope(1, 2))
    assert [n for n, _ in near] == (100 + np.argsort(-(vectors[100:] @ vectors[7]))[:5]).tolist()
    assert store.nearest(vectors[7:8], 5, scope()) == [[]]


def test_putting_again_replaces(store):
    store.put([1, 2], unit(2), [1, 1])
    store.put([2, 3], unit(2, seed=1), [1, 1])
    assert len(store) == 3
    np.testing.assert_allclose(store.get([2])[2], unit(2, seed=1)[0], atol=1e-6)


def test_removed_and_unknown_are_gone(store):
    store.put([1, 2], unit(2), [1, 1])
    store.remove([1, 99])
    store.remove([])
    assert [id_ for page in store.ids() for id_ in page] == [2]
    assert store.get([1]) == {}


def test_vectors_outlive_the_process_and_each_model_has_its_own(data_dir):
    with closing(VectorStore(data_dir / "vectors", "model-a")) as first:
        first.put([1], unit(1), [1])
    with closing(VectorStore(data_dir / "vectors", "model-a")) as second:
        assert len(second) == 1
    with closing(VectorStore(data_dir / "vectors", "model-b")) as third:
        assert len(third) == 0
        assert third.embedders() == {"model-a"}
        third.put([1, 2], unit(2), [1, 1])
        assert len(third.beside("model-a")) == 1
        third.drop_others()
        assert third.embedders() == {"model-b"}
