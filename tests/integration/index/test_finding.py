"""What is added is found, and quoted exactly."""

from __future__ import annotations

import itertools
from pathlib import PurePath

import pytest

from tests.integration.index.support import consistent, end_of

pytestmark = pytest.mark.model


def test_files_are_added_found_and_quoted_exactly(index, catalog, papers, data_dir):
    events, report = end_of(index.add([str(papers)], "home"))
    assert [(row.title, row.status, row.collection) for row in report.documents] == [
        ("Sourdough", "ready", "home"),
        ("Lease", "ready", "home"),
    ]
    assert {event.stage for event in events} == {
        "queued", "reading", "embedding", "finished", "comparing",
    }  # fmt: skip
    assert events[-1].files_left == 0
    assert events[-1].passages_left == 0
    assert consistent(data_dir, index)

    for query, title, words in [
        ("How much do I pay for the flat?", "Lease", "940 euros"),
        ("940", "Lease", "940 euros"),
        ("oven temperature for a loaf", "Sourdough", "230 degrees"),
    ]:
        result = index.search(query, k=3)
        best = result.hits[0]
        assert (best.rank, best.title) == (1, title)
        assert words in best.text
        for hit in result.hits:
            assert catalog.text(hit.document)[hit.start : hit.end] == hit.text

    lease = next(row.id for row in report.documents if row.title == "Lease")
    assert {hit.document for hit in index.search("bread", documents=[lease]).hits} == {lease}
    assert index.search("bread", collection="elsewhere").hits == ()
    assert index.search("bread", documents=[]).hits == ()
    assert index.search("", k=3).query == ""


def test_evidence_is_exact_joined_and_within_its_budget(index, catalog, tmp_path):
    parts = [
        f"## Part {n}\n\nPart {n} of the treaty is about {topic}. " + "It says so at length. " * 40
        for n, topic in enumerate(("grain", "herring", "bells", "salt", "amber", "tolls"), start=1)
    ]
    path = tmp_path / "treaty.md"
    path.write_text("# Treaty\n\n" + "\n\n".join(parts))
    end_of(index.add([str(path)]))
    for budget in (200, 900, 1500, 4000, 100_000):
        found = index.evidence(["What does the treaty say about herring?", "herring"], budget)
        assert found
        assert sum(len(item.text) for item in found) <= budget
        for item in found:
            assert catalog.text(item.document)[item.start : item.end] == item.text
        assert "herring" in found[0].text
        spans = sorted((item.start, item.end) for item in found)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
        assert [item.score for item in found] == sorted((i.score for i in found), reverse=True)
    related = index.evidence(["What does the treaty say about herring?"], 3000)[0].relevance
    foreign = index.evidence(["Who won the ice hockey match last night?"], 3000)[0].relevance
    assert related > 0.4 > foreign
    assert index.evidence([], 1000) == []
    assert index.evidence(["herring"], 0) == []


def test_embed_gives_unit_vectors_in_the_order_of_the_texts(index):
    texts = ["a long sentence about the rent of a flat in the city " * 9, "cats", "\ud800", ""]
    together = index.embed(texts)
    assert [len(vector) for vector in together] == [384] * 4
    assert all(abs(sum(x * x for x in vector) - 1) < 1e-3 for vector in together)
    [cats] = index.embed(["cats"])
    assert sum(a * b for a, b in zip(cats, together[1], strict=True)) > 0.995
    assert index.embed([]) == []


def test_of_two_plans_only_the_one_that_is_named_is_given_to_a_model(index, tmp_path):
    says = "The {} plan pays for hearing aids after {} months. You pay a part of each yourself. "
    for name, months in (("Larch", 6), ("Willow", 18)):
        (tmp_path / f"{name}_Plan_Benefits.txt").write_text(says.format(name, months) * 3)
    end_of(index.add([str(tmp_path)]))

    def given(question):
        evidence = index.evidence([question], 3000)
        return {PurePath(piece.path).stem.split("_")[0] for piece in evidence}

    assert given("When does the Willow plan pay for hearing aids?") == {"Willow"}
    assert given("When does the Larch plan pay for hearing aids?") == {"Larch"}
    assert given("When are hearing aids paid for?") == {"Larch", "Willow"}
    found = index.search("When does the Willow plan pay for hearing aids?", 5).hits
    assert PurePath(found[0].path).stem == "Willow_Plan_Benefits"
    assert len(found) == 2
