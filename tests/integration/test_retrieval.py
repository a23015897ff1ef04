"""What is found: several documents for questions about several, and nothing said twice."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from indexing.index import Index
from indexing.readers.read import read

pytestmark = pytest.mark.model

REPORT = """# {firm} annual report

## Revenue

Revenue of the year was {revenue} million euros. {detail}

## Revenue by region

Revenue in the north grew, revenue in the south fell, and revenue elsewhere stayed as it was. {tail}

## Outlook on revenue

Revenue is expected to grow by two per cent in the coming year, and costs are to stay level. {tail}
"""
FIRMS = {"Arbor": 12, "Bolt": 340, "Cedar": 57}
PADDING = (
    "The board thanks everyone who had a part in it, in the offices and in the workshops. " * 7
)
NOTICE = (
    "Visitors report to the porter, sign the book, and wear the badge that they are given until "
    "they leave; the porter calls the host, who comes to the gate to meet them."
)


@pytest.fixture(scope="module")
def index(tmp_path_factory, embedder_path):
    folder = tmp_path_factory.mktemp("papers")
    for firm, revenue in FIRMS.items():
        text = REPORT.format(
            firm=firm, revenue=revenue, detail=f"{firm} had a good year. {PADDING}", tail=PADDING
        )
        (folder / f"{firm.lower()}.md").write_text(text)
    (folder / "visitors.md").write_text(f"# Visitors\n\n{NOTICE}\n")
    (folder / "gate.txt").write_text(NOTICE.replace(" the porter", "\nthe  Porter"))
    (folder / "visits.md").write_text(f"# Visits\n\n{NOTICE.replace('badge', 'helmet')}\n")
    with closing(Index(tmp_path_factory.mktemp("data"), embedder_path, read)) as opened:
        for _ in opened.add([str(folder)]):
            pass
        yield opened


def names(found):
    return [Path(item.path).stem for item in found]


def test_each_document_of_a_comparison_is_heard(index):
    question = "How does the revenue of Arbor compare with that of Bolt and Cedar?"
    found = index.evidence([question], 3200)
    assert {"arbor", "bolt", "cedar"} <= set(names(found))
    said = " ".join(item.text for item in found)
    assert all(f"Revenue of the year was {revenue} million" in said for revenue in FIRMS.values())


def test_a_question_about_one_document_is_answered_from_it(index):
    found = index.evidence(["What was the revenue of Bolt?"], 3200)
    assert names(found)[0] == "bolt"
    assert "340 million" in found[0].text
    assert names(index.search("revenue of Cedar", 3).hits)[0] == "cedar"


def test_the_same_words_come_once_and_what_differs_comes_too(index):
    question = "What do visitors do at the gate?"
    for found in (index.search(question, 4).hits, index.evidence([question], 2000)):
        gate = [name for name in names(found) if name in ("visitors", "gate", "visits")]
        assert len(gate) == 2
        assert "visits" in gate
