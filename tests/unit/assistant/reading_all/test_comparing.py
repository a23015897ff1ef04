from __future__ import annotations

from contextlib import closing

import pytest

from assistant.reading_all import findings, side_by_side
from assistant.reading_all.comparing import compare
from assistant.reading_all.documents import readable
from assistant.reading_all.merging import merge
from indexing.catalog import Catalog
from indexing.types import Block, CanonicalDocument
from tests.library import put_document

FLAT = [
    "The rent of the flat is 900 euros a month.",
    "The deposit is 1,800 euros.",
    "The deposit lies on a savings account.",
    "Damage must be reported at once.",
    "Pets are not allowed in any room.",
    "Quiet hours begin at ten in the evening and on Sundays.",
    "The cellar may be used by the tenant.",
]
HOUSE = [
    "The rent of the house is 1,400 euros a month.",
    "A deposit of 3,000 euros is paid in two parts.",
    "Damage must be reported at once.",
    "Pets are allowed in any room.",
    "Quiet hours begin at ten in the evening.",
    "Garden and hedge are looked after by the tenant.",
]


def put(data_dir, title, sentences):
    text, blocks = "", []
    for sentence in sentences:
        blocks.append(Block(len(text), len(text) + len(sentence), "paragraph"))
        text += f"{sentence}\n\n"
    put_document(data_dir, CanonicalDocument(title, "md", text, tuple(blocks)), f"/{title}.md")


@pytest.fixture
def library(data_dir):
    put(data_dir, "Lease of the flat", FLAT)
    put(data_dir, "Lease of the house", HOUSE)
    catalog = Catalog(data_dir)
    yield catalog, [readable(catalog, row, 10_000) for row in catalog.documents()]
    catalog.close()


def compared(documents, *named, question="Compare the leases."):
    """A comparison of what a model named of each document."""
    items = []
    for document, wrote in zip(documents, named, strict=True):
        [window] = document.windows
        items += findings.check_topics([wrote], window, document).items
    return compare(merge(items), documents, question)


def quoted(topic, documents):
    """What each document says of a topic, by position; None for nothing."""
    return [
        " ".join(document.text[place.start : place.end] for place in topic.said[document.row.id])
        if document.row.id in topic.said
        else None
        for document in documents
    ]


def test_what_one_document_names_is_looked_up_in_all(library):
    _, documents = library
    comparison = compared(documents, '["rent", "deposit"]', '["pets"]')
    told = {topic.name: quoted(topic, documents) for topic in comparison.shared}
    assert told == {
        "rent": [FLAT[0], HOUSE[0]],
        "deposit": [f"{FLAT[1]} {FLAT[2]}", HOUSE[1]],
        "pets": [FLAT[4], HOUSE[3]],
    }


def test_the_same_is_told_from_what_differs_by_a_number_a_not_or_a_word(library):
    _, documents = library
    comparison = compared(documents, '["rent", "damage", "pets", "quiet"]', "[]")
    assert {topic.name: topic.same for topic in comparison.shared} == {
        "rent": False,
        "damage": True,
        "pets": False,
        "quiet": False,
    }


def test_what_one_document_alone_speaks_of_stands_apart(library):
    _, documents = library
    comparison = compared(documents, '["damage", "cellar"]', '["hedge"]')
    assert [topic.name for topic in comparison.shared] == ["damage"]
    assert {topic.name: quoted(topic, documents) for topic in comparison.alone} == {
        "cellar": [FLAT[6], None],
        "hedge": [None, HOUSE[5]],
    }


def test_what_stands_in_no_sentence_is_no_topic(library):
    _, documents = library
    comparison = compared(documents, '["balcony", "lease", "leases", "the"]', '["swimming pool"]')
    assert comparison == ((), (), 0)


def test_what_the_request_says_comes_last(library):
    _, documents = library
    comparison = compared(documents, '["rent", "damage"]', "[]", question="Compare the rents.")
    assert [topic.name for topic in comparison.shared] == ["damage", "rent"]


def test_two_names_of_one_thing_are_one_topic_and_no_sentence_is_shown_twice(library):
    _, documents = library
    comparison = compared(documents, '["deposit", "Deposits", "savings account"]', '["deposit"]')
    assert [topic.name for topic in comparison.shared] == ["deposit"]
    assert comparison.alone == ()


def test_side_by_side_every_sentence_is_an_exact_quote_of_its_document(library):
    catalog, documents = library
    comparison = compared(documents, '["rent", "damage", "pets", "cellar"]', '["hedge"]')
    laid = side_by_side.lay_out(comparison, documents, catalog, complete=True)
    assert "**Damage** (the same in all)\n\n- Lease of the flat: Damage must" in laid.text
    assert "**Only in Lease of the house**\n\n- Garden and hedge" in laid.text
    assert len(laid.sentences) == 8
    for sentence in laid.sentences:
        assert laid.text[sentence.start : sentence.end] == sentence.text
        [number] = sentence.citations
        cited = laid.citations[number - 1]
        assert cited.n == number
        document = next(one for one in documents if one.row.id == cited.document)
        assert document.text[cited.start : cited.end] == cited.quote == sentence.text


def test_of_three_documents_the_one_without_a_word_on_it_says_so(library, data_dir):
    catalog, _ = library
    put(data_dir, "Lease of the barn", ["The rent of the barn is 80 euros.", "It has no windows."])
    documents = [readable(catalog, row, 10_000) for row in catalog.documents()]
    comparison = compared(documents, '["damage"]', "[]", "[]")
    laid = side_by_side.lay_out(comparison, documents, catalog, complete=True)
    assert "- Lease of the barn: *nothing found*" in laid.text
    assert "the same in all" not in laid.text


def test_nothing_to_compare_is_said(library):
    catalog, documents = library
    comparison = compared(documents, "[]", "[]")
    whole = side_by_side.lay_out(comparison, documents, catalog, complete=True)
    so_far = side_by_side.lay_out(comparison, documents, catalog, complete=False)
    assert whole.text != so_far.text
    assert whole.sentences == so_far.sentences == ()


def put_sections(data_dir, title, sections):
    """A document of sections with headings."""
    text, blocks = "", []
    for heading, sentences in sections.items():
        for kind, line, under in [
            ("heading", heading, ()),
            *(("paragraph", sentence, (heading,)) for sentence in sentences),
        ]:
            blocks.append(Block(len(text), len(text) + len(line), kind, headings=under))
            text += f"{line}\n\n"
    put_document(data_dir, CanonicalDocument(title, "md", text, tuple(blocks)), f"/{title}.md")


def test_what_stands_under_a_heading_is_said_of_it_whatever_its_words(data_dir):
    put_sections(
        data_dir,
        "Canal Street",
        {
            "1. Rent": ["It is 900 euros.", "Who pays late is asked once."],
            "Pets": ["Cats may stay."],
        },
    )
    put_sections(
        data_dir,
        "Mill Lane",
        {"Rent": ["Each month 1,400 euros are due."], "Garden": ["The rent covers the garden."]},
    )
    with closing(Catalog(data_dir)) as catalog:
        documents = [readable(catalog, row, 10_000) for row in catalog.documents()]
    comparison = compared(documents, '["cats", "pets"]', "[]")
    # The heading that both have is a topic, though the model named none.
    assert {topic.name: quoted(topic, documents) for topic in comparison.shared} == {
        "Rent": [
            "It is 900 euros. Who pays late is asked once.",
            "Each month 1,400 euros are due. The rent covers the garden.",
        ]
    }
    assert [quoted(topic, documents) for topic in comparison.alone] == [["Cats may stay.", None]]
