"""Searching passages by their words."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexing import keywords
from indexing.database import split_statements
from indexing.docmatch import document_shares
from indexing.keywords import MAX_TERMS, query_terms, search_words
from indexing.schema import MIGRATIONS
from indexing.scope import scope_of
from indexing.search import encodable
from indexing.wordmatch import Candidate, WordMatcher, distance

TEXTS = [
    ("Lease", "Rent", "The tenants were paying rent of 1,250.50 euros each month."),
    ("Lease", "Deposit", "The deposit for flat AB-1234/x is three months of the agreed sum."),
    ("Recipes", "", "Knead the dough, and let it rest while the oven heats up to 250 degrees."),
    ("Naïve art", "Café", "Séraphine painted flowers."),
]


def filled(texts=TEXTS, in_first=2) -> sqlite3.Connection:
    """Two documents "a" and "b", the first with so many of the texts."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    assert isinstance(MIGRATIONS[0], str)
    for statement in split_statements(MIGRATIONS[0]):
        db.execute(statement)
    db.execute(
        "INSERT INTO documents (id, path, title, kind, status, bytes, mtime_ns, content_id) "
        "VALUES (1, 'a', 'a', 'text', 'ready', 0, 0, NULL), "
        "(2, 'b', 'b', 'text', 'ready', 0, 0, NULL)"
    )
    db.execute(
        "INSERT INTO contents (id, document_id, sha256, title, kind, passages, text, structure) "
        "VALUES (1, 1, '', 'a', 'text', 2, '', ''), (2, 2, '', 'b', 'text', 2, '', '')"
    )
    db.execute("UPDATE documents SET content_id = id")
    for number, (title, headings, body) in enumerate(texts, start=1):
        db.execute(
            "INSERT INTO passages (id, content_id, first, last, headings, tokens) "
            "VALUES (?, ?, ?, ?, '[]', 9)",
            (number, 1 if number <= in_first else 2, number * 10, number * 10 + 9),
        )
        db.execute(
            "INSERT INTO passage_words (rowid, title, headings, body) VALUES (?, ?, ?, ?)",
            (number, title, headings, body),
        )
    return db


@pytest.fixture(scope="module")
def db():
    with closing(filled()) as connection:
        yield connection


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("who pays the rents?", 1),
        ("What about flat AB-1234/x?", 2),
        ("1,250.50", 1),
        ("kneaded doughs", 3),
        ("NAIVE cafe seraphine", 4),
        ("lease", None),
    ],
)
def test_words_are_found_in_any_form_and_column(db, query, best):
    found = search_words(db, query, 10)
    assert found
    if best is not None:
        assert found[0] == best


def test_a_search_keeps_to_its_documents(db):
    assert set(search_words(db, "lease rent deposit dough", 10)) == {1, 2, 3}
    assert search_words(db, "lease rent deposit dough", 10, scope_of(db, [2])) == [3]
    assert set(search_words(db, "lease rent deposit dough", 10, scope_of(db, [1, 2]))) == {1, 2, 3}
    assert search_words(db, "lease", 10, scope_of(db, [])) == []


def test_a_scope_of_many_documents_ranks_as_one_of_few_does(db, monkeypatch):
    few = search_words(db, "rent deposit dough degrees", 10, scope_of(db, [1]))
    monkeypatch.setattr(keywords, "_MOST_RANGES", 0)
    assert search_words(db, "rent deposit dough degrees", 10, scope_of(db, [1])) == few


def test_where_words_are_too_frequent_the_rarest_find(db, monkeypatch):
    assert set(search_words(db, "rent lease", 10)) == {1, 2}
    monkeypatch.setattr(keywords, "RANKED_ROWS", 1)
    # Only the first passage has the rent; both are of the lease.
    assert search_words(db, "lease rent", 10) == [1]
    assert set(search_words(db, "lease", 10)) == {1, 2}
    # The rarest may stand elsewhere; the scope's passages are found all the same.
    monkeypatch.setattr(keywords, "_MOST_RANGES", 0)
    assert search_words(db, "dough rent lease", 10, scope_of(db, [2])) == [3]
    assert set(search_words(db, "dough lease", 10, scope_of(db, [1]))) == {1, 2}


def test_stop_words_count_only_alone():
    assert query_terms("what is the rent") == ["rent"]
    assert query_terms("To be or not to be") == ["to", "be", "or", "not"]
    assert query_terms("?!") == []


def test_a_pasted_page_becomes_a_bounded_query():
    assert len(query_terms(" ".join(f"word{n}" for n in range(5000)))) == MAX_TERMS


@given(st.text())
@example('"rent" AND (')
@example("rent NEAR deposit* ^title: {a b}")
@example("a\0b")
@example("\ud800 rent")
@example("__ _a_ -x- '' %")
def test_no_query_ever_raises(query):
    with closing(filled()) as db:
        clean = encodable(query)
        search_words(db, clean, 5)
        matcher = WordMatcher(db)
        texts = {
            n: Candidate(f"{title}\n{headings}", body)
            for n, (title, headings, body) in enumerate(TEXTS, start=1)
        }
        found = matcher.match(clean, texts)
        for match in found.passages.values():
            assert all(0 <= value <= 1.0001 for value in msgspec.structs.astuple(match))
            assert match.heading <= match.coverage
        assert all(0 <= s <= 1 for s in document_shares(db, list(texts), found.words).values())
        matcher.close()


def test_a_passage_with_all_words_close_together_matches_best(db):
    matcher = WordMatcher(db)
    texts = {
        1: "rent deposit",
        2: "rent is one thing, and quite another thing than that is a deposit",
        3: "rent rent rent rent",
        4: "nothing of the kind",
    }
    matches = matcher.match("rent deposit", {n: Candidate("", text) for n, text in texts.items()})
    matcher.close()
    assert sum(matches.words.values()) == pytest.approx(1)
    found = matches.passages
    assert set(found) == {1, 2, 3}
    assert found[1].coverage == pytest.approx(1)
    assert found[1].closeness == pytest.approx(1)
    assert found[2].coverage == pytest.approx(1)
    assert 0 < found[2].closeness < 0.5
    assert found[3].coverage < 1
    assert found[3].closeness == 0


def test_a_passage_counts_as_of_what_its_whole_document_is_about():
    lease = [("", "", "The tenant pays."), *[("", "", "The landlord Smith lets it.")] * 29]
    recipes = [
        ("", "", "Take some flour."),
        ("", "", "Mrs Smith's bread."),
        *[("", "", "Knead.")] * 28,
    ]
    with closing(filled([*lease, *recipes], len(lease))) as db:
        shares = document_shares(db, [1, 31], {"smiths": 0.5, "deposit": 0.5})
        # Neither of the two names Smith; nearly all others of the lease do.
        assert 0.25 < shares[1] < 0.5
        assert 0 < shares[31] < 0.02
        # The file of the second document is called "b".
        assert document_shares(db, [1, 31], {"b": 0.5}) == {31: pytest.approx(0.3)}
        assert document_shares(db, [], {"smith": 1.0}) == {}


@given(
    st.lists(st.integers(0, 200), min_size=1).map(sorted),
    st.lists(st.integers(0, 200), min_size=1).map(sorted),
)
def test_distance_is_the_least(one, other):
    assert distance(one, other) == max(1, min(abs(a - b) for a in one for b in other))
