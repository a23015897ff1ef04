from __future__ import annotations

import pytest

from assistant.places import place_text
from indexing.types import Place


@pytest.mark.parametrize(
    ("page", "place", "words"),
    [
        (3, None, "page 3"),
        (None, None, ""),
        (3, Place("slide", 3), "slide 3"),
        (1, Place("sheet", 1, "Prices", "A2:D9"), "sheet Prices, A2:D9"),
        (1, Place("sheet", 1, "Prices"), "sheet Prices"),
        (None, Place("sheet", cells="A2:D9"), "cells A2:D9"),
        (4, Place("chapter", 2, "The Deep"), "chapter “The Deep”"),
        (4, Place("chapter", 2), "chapter 2"),
        (None, Place("section", name="Notice"), "section “Notice”"),
        (2, Place("message", 2, "Re: lease"), "message 2, “Re: lease”"),
        (None, Place("line", 40), "line 40"),
        (None, Place("time", 63), "at 1:03"),
        (None, Place("time", 3723), "at 1:02:03"),
        (None, Place("file", file="plan.docx"), "plan.docx"),
        (None, Place("page", 2, file="old.zip/a.pdf"), "old.zip/a.pdf, page 2"),
    ],
)
def test_a_place_is_said_as_a_person_cites_it(page, place, words):
    assert place_text(page, place) == words
