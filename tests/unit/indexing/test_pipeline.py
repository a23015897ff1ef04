"""The pipeline's small decisions; its runs are shown in tests/integration/index."""

from __future__ import annotations

from typing import cast

import pytest

from indexing import errors
from indexing.embedding import embedded_texts
from indexing.passage_store import PendingPassage
from indexing.reasons import reason_of
from indexing.text_embedder import TextEmbedder


class Words:
    """Reads so many words at once."""

    passage_room = 254

    def count_tokens(self, texts):
        return [len(text.split()) for text in texts]


def passage(body, title="The lease", headings=("Part one", "Rent")):
    return PendingPassage(1, 1, 1, title, headings, body)


def embedded_text(item):
    return embedded_texts([item], cast("TextEmbedder", Words()))[0]


def test_title_and_headings_stand_before_the_text():
    assert embedded_text(passage("It is 900 euros.")) == (
        "The lease\nPart one\nRent\nIt is 900 euros."
    )


def test_a_heading_that_the_text_begins_with_is_not_said_twice():
    text = embedded_text(passage("Rent\nIt is 900 euros."))
    assert text == "The lease\nPart one\nRent\nIt is 900 euros."


def test_the_text_is_whole_whatever_its_headings():
    room = Words.passage_room
    body = "word " * (room - 3)
    made = embedded_text(passage(body, title="a title of six words here"))
    assert made == f"Part one\nRent\n{body}"
    assert embedded_text(passage("word " * room)) == "word " * room


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.PasswordNeeded("a.pdf"), "password_needed"),
        (errors.EmptyDocument("a.txt"), "no_text"),
        (errors.EmptyDocument("a.pdf", 3), "no_text: 3 pages"),
        (errors.EmptyDocument("a.pdf", 3, ocr_off=True), "no_text: ocr_off"),
        (errors.UnsupportedFormat("a.xyz", ".xyz"), "unsupported_format: .xyz"),
        (errors.FileUnreadable("a.pdf", "no xref"), "unreadable: no xref"),
        (errors.TooLarge("a.pdf", "pages", 90_000, 10), "too_large: 90000 pages"),
        (errors.ReadTimeout("a.pdf", 130.0), "too_slow"),
        (errors.FileMissing("a.pdf"), "missing"),
        (FileNotFoundError(2, "No such file"), "missing"),
        (PermissionError(13, "Permission denied"), "unreadable: Permission denied"),
    ],
)
def test_a_failure_is_a_short_word(error, reason):
    assert reason_of(error) == reason
