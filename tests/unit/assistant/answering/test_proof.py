"""Every sentence of an answer is tied to an exact quote, or is marked as not proved."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.material import Material
from assistant.answering.proof import prove
from tests.unit.assistant.answering.conftest import LEASE, embed, piece


def pages(document: int, offset: int) -> int | None:
    """Page 1 up to the second paragraph, then page 2."""
    return 1 if offset < LEASE.index("Dogs") else 2


def proof_of(answer: str, question: str, material: Material):
    return prove(answer, question, material, pages, embed)


@pytest.mark.parametrize(
    ("question", "answer", "quote"),
    [
        ("How much is the rent?", "The monthly rent is 940 euros.", "rent for the flat"),
        ("How much is the deposit?", "1,800 euros.", "The deposit amounts to 1,800"),
        ("Who holds the deposit?", "Ostby Savings Bank", "held by Ostby Savings Bank"),
        ("When was the heating renewed?", "It was renewed in 2016.", "renewed in 2016"),
        ("Are dogs allowed?", "No.", "Dogs are not allowed"),
        ("Are dogs allowed?", "No, dogs are not allowed in the house.", "Dogs are not allowed"),
        ("Who must agree to a cat?", "The landlord, Ingrid Falk, must consent.", "Ingrid Falk"),
        ("How long may she take to answer?", "Two weeks.", "within two weeks"),
        ("How long may she take to answer?", "She answers within 2 weeks.", "within two weeks"),
    ],
)
def test_a_sentence_that_stands_in_the_text_is_proved_by_its_place(lease, question, answer, quote):
    proof = proof_of(answer, question, lease)
    assert proof.sentences[0].supported
    assert any(quote in citation.quote for citation in proof.citations)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much is the rent?", "The monthly rent is 980 euros."),
        ("How much is the deposit?", "2,800 euros."),
        ("Who holds the deposit?", "It is held by Hamn Mutual Bank."),
        ("Are dogs allowed?", "Dogs are allowed in the house."),
        ("May cats be kept?", "Cats may not be kept."),
        ("When was the heating renewed?", "The heating was renewed in March 2016."),
        ("What colour is the door?", "The front door is painted dark green."),
        ("Who was Rollo?", "Rollo was a Viking leader who settled in Normandy."),
    ],
)
def test_what_the_text_does_not_say_is_not_proved(lease, question, answer):
    proof = proof_of(answer, question, lease)
    assert not proof.sentences[0].supported
    assert not proof.sentences[0].citations
    assert not proof.citations


def test_a_sentence_may_need_two_places(lease):
    proof = proof_of(
        "The rent is 940 euros and the heating was renewed in 2016.", "Tell me about it", lease
    )
    assert proof.sentences[0].supported
    quotes = " ".join(citation.quote for citation in proof.citations)
    assert "940" in quotes
    assert "2016" in quotes


def test_citations_are_numbered_in_order_of_appearance_and_each_place_once(lease):
    proof = proof_of(
        "The heating was renewed in 2016. The rent is 940 euros. Heating: renewed in 2016.",
        "What is known?",
        lease,
    )
    assert [citation.n for citation in proof.citations] == [1, 2]
    assert [sentence.citations for sentence in proof.sentences] == [(1,), (2,), (1,)]


def test_only_the_sentence_without_support_is_marked(lease):
    proof = proof_of(
        "The rent is 940 euros. The flat has a view of the harbour and three balconies.",
        "Describe the flat.",
        lease,
    )
    assert [sentence.supported for sentence in proof.sentences] == [True, False]


def test_the_page_is_that_of_the_quote_and_not_of_the_evidence(lease):
    proof = proof_of("Dogs are not allowed.", "Are dogs allowed?", lease)
    assert proof.citations[0].page == 2


def test_offsets_are_those_of_the_document_and_not_of_the_evidence():
    before = "Something else entirely. " * 20
    material = Material([piece(LEASE, start=len(before))])
    document = before + LEASE
    proof = proof_of("The rent is 940 euros.", "How much is the rent?", material)
    cited = proof.citations[0]
    assert document[cited.start : cited.end] == cited.quote


def test_of_two_places_that_hold_the_words_the_one_asked_about_is_cited():
    material = Material(
        [
            piece("The fee for the garage is 60 euros a month.", document=1),
            piece("The fee for the cellar is 60 euros a month.", document=2),
        ]
    )
    proof = proof_of("60 euros a month.", "What is the fee for the cellar?", material)
    assert [citation.document for citation in proof.citations] == [2]


def test_what_is_said_of_one_plan_is_shown_first_by_that_plans_own_booklet():
    rest = " The plan begins in May. Teeth are another matter. Ask before you travel."
    covered = "earing aids, glasses and crutches are covered in full."
    material = Material(
        [
            piece(f"Each year h{covered}{rest}", 1, title="Larch Plan"),
            piece(f"H{covered}{rest}", 2, title="Willow Plan"),
        ]
    )
    answer = "Each year the Willow plan covers hearing aids, glasses and crutches."
    proof = proof_of(answer, "What does the Willow plan cover in full?", material)
    assert proof.citations[0].document == 2


def test_a_line_that_introduces_a_list_shares_its_first_items_proof(lease):
    proof = proof_of(
        "The tenant should consider:\n- The rent is 940 euros.\n- Dogs are not allowed.",
        "What does the lease say?",
        lease,
    )
    assert all(sentence.supported for sentence in proof.sentences)
    assert proof.sentences[0].citations == proof.sentences[1].citations


def test_an_empty_answer_or_no_evidence_proves_nothing(lease):
    assert proof_of("", "Why?", lease).sentences == ()
    assert not proof_of("The rent is 940 euros.", "Why?", Material([])).supported


@given(st.text(alphabet=LEASE + "äß漢\n", max_size=300), st.text(max_size=60))
def test_quotes_are_exact_whatever_is_answered(answer, question):
    start = 17
    document = "x" * start + LEASE
    proof = proof_of(answer, question, Material([piece(LEASE, start=start)]))
    for citation in proof.citations:
        assert document[citation.start : citation.end] == citation.quote
    for sentence in proof.sentences:
        assert answer[sentence.start : sentence.end] == sentence.text
        assert sentence.supported == bool(sentence.citations)
        assert all(1 <= n <= len(proof.citations) for n in sentence.citations)


def test_is_fast_enough_not_to_be_waited_for():
    sentences = [
        f"Clause {n} says that tenant {n} pays {n * 7} euros for item {n}." for n in range(90)
    ]
    material_text = " ".join(sentences)
    begin = time.process_time()
    material = Material([piece(material_text)])
    proof = prove(" ".join(sentences[:10]), "What do tenants pay?", material, pages)
    seconds = time.process_time() - begin
    assert proof.supported == 10
    assert seconds < 1.5  # 0.1 s on an idle core; the rest is room for a busy machine
