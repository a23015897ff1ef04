"""What is found: several documents for questions about several, and nothing said twice.

And what stands in the midst of what is asked about, before the same words elsewhere.
"""

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
RESTING = (
    "Afterwards it is left alone for two days, covered with a cloth, in a room where nobody walks "
    "and where neither sun nor wind comes in; whoever uncovers it earlier has to begin anew. "
) * 4
PAINTING = (
    "The frame of the window is sanded, freed of dust and painted white, first along the glass "
    "and then along the wall; the brush is led from the wet to the dry, and washed at once. "
) * 4
BAKING = (
    "The dough for the bread is kneaded from rye flour, water, salt and sour dough until it "
    "comes off the hands; the loaf is shaped, floured and baked in the hot stone oven. "
) * 4


@pytest.fixture(scope="module")
def index(tmp_path_factory, embedder_path):
    folder = tmp_path_factory.mktemp("papers")
    for firm, revenue in FIRMS.items():
        text = REPORT.format(
            firm=firm, revenue=revenue, detail=f"{firm} had a good year. {PADDING}", tail=PADDING
        )
        (folder / f"{firm.lower()}.md").write_text(text)
    crafts = [PAINTING, RESTING, PAINTING, BAKING, RESTING, BAKING]
    (folder / "crafts.txt").write_text("\n\n".join(crafts))
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


def test_what_stands_amid_the_subject_comes_before_the_same_words_elsewhere(index):
    ranked = index.searcher.rank(["How long is the bread left alone before baking?"])[0]
    rows = index.searcher.read([item.passage for item in ranked])
    in_order = [rows[item.passage] for item in ranked]
    resting = [row.start for row in in_order if row.text.strip() == RESTING.strip()]
    # By themselves they are alike, and then the one that stands first would come first.
    assert len(resting) == 2
    assert resting == sorted(resting, reverse=True)
