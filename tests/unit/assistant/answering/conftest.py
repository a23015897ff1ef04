"""Evidence written for the tests, and an embedding that needs no model."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from assistant.answering.material import Material
from assistant.answering.words import content_keys, read_words
from indexing.types import Evidence

LEASE = """The monthly rent for the flat in Elm Street is 940 euros, due on the third working day. \
The deposit amounts to 1,800 euros and is held by Ostby Savings Bank. It is paid back within \
six weeks of the end of the tenancy.

Dogs are not allowed in the house. Cats may be kept with the written consent of the landlord, \
Ingrid Falk. She answers within two weeks.

The heating was renewed in 2016. Heating costs are shared by area: tenants pay 70 % by use and \
30 % by floor space."""


def piece(text: str, document: int = 1, start: int = 0, title: str = "Lease", **fields) -> Evidence:
    """A piece of evidence that stands at `start` of its document."""
    values = {"page": None, "headings": (), "score": 1.0, "relevance": 0.6, "passages": 1}
    return Evidence(
        document=document,
        path=f"/papers/{document}.txt",
        title=title,
        start=start,
        end=start + len(text),
        text=text,
        **{**values, **fields},
    )


def embed(texts: list[str]) -> list[list[float]]:
    """Unit vectors of the words' stems: alike where the words are."""
    vectors: list[list[float]] = []
    for text in texts:
        vector = [0.0] * 64
        for key, count in Counter(content_keys(read_words(text))).items():
            vector[sum(map(ord, key)) % 64] += count
        length = math.sqrt(sum(x * x for x in vector)) or 1.0
        vectors.append([x / length for x in vector])
    return vectors


@pytest.fixture
def lease() -> Material:
    """The lease as it is given to the model."""
    return Material([piece(LEASE)])
