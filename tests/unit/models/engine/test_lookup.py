"""Drafts from the text itself: when there is one, what it holds, and when it is not worth it."""

from __future__ import annotations

import random
from collections.abc import Sequence

from models.engine.lookup import LONGEST_DRAFT, PromptLookup


def write(lookup: PromptLookup, tokens: Sequence[int]) -> tuple[int, int, int]:
    """Writes tokens as an answer is written; returns batches computed, tokens drafted, accepted."""
    batches = drafted = accepted = 0
    ahead: list[int] = []
    for number, token in enumerate(tokens):
        lookup.add(token)
        if ahead[:1] == [token]:
            del ahead[0]
            accepted += 1
            continue
        ahead = lookup.draft(len(tokens) - number - 1)
        batches += 1
        drafted += len(ahead)
    return batches, drafted, accepted


def test_a_quotation_that_goes_on_is_drafted_in_long_pieces():
    passage = list(range(100, 200))
    lookup = PromptLookup([1, 2, 3, *passage, 4, 5, 6])
    lengths = []
    for number, token in enumerate(passage[:20]):
        lookup.add(token)
        draft = lookup.draft(1000)
        assert draft == passage[number + 1 : number + 1 + len(draft)]
        lengths.append(len(draft))
    assert lengths[0] == 0
    assert 0 < lengths[3] < LONGEST_DRAFT
    assert lengths[-1] == LONGEST_DRAFT
    batches, drafted, accepted = write(PromptLookup(passage), passage)
    assert drafted == accepted == len(passage) - batches
    assert batches < len(passage) / 6


def test_a_draft_is_never_longer_than_asked_or_than_the_text_after_the_match():
    passage = list(range(30))
    lookup = PromptLookup(passage)
    for token in passage[:20]:
        lookup.add(token)
    assert lookup.draft(2) == [20, 21]
    assert lookup.draft(0) == []
    assert lookup.draft(-1) == []
    assert PromptLookup([7]).draft(9) == []
    # The end of the text is all there is to draft from.
    assert PromptLookup([1, 2, 3, 4, 1, 2, 3]).draft(9) == [4, 1, 2]


def test_of_several_places_that_match_the_longest_is_quoted():
    lookup = PromptLookup([5, 1, 2, 3, 40, 41, 42, 6, 1, 2, 3, 50, 51, 52, 9])
    for token in (6, 1, 2, 3):
        lookup.add(token)
    assert lookup.draft(3) == [50, 51, 52]


def test_text_that_only_seems_to_quote_is_soon_left_alone():
    choose = random.Random(3)
    # The same three tokens again and again, with something else after them each time.
    prompt = [token for n in range(200) for token in (1, 2, 3, 1000 + n)]
    answer = [token for n in range(200) for token in (1, 2, 3, 5000 + n)]
    _, drafted, accepted = write(PromptLookup(prompt), answer)
    assert accepted == 0
    assert drafted < len(answer) / 20
    # Chance alone: words of a small vocabulary.
    prompt, answer = ([choose.randrange(40) for _ in range(2000)] for _ in range(2))
    batches, drafted, accepted = write(PromptLookup(prompt), answer)
    assert drafted - accepted < len(answer) / 4
    assert batches + accepted == len(answer)


def test_the_same_text_is_drafted_in_the_same_pieces():
    choose = random.Random(5)
    prompt = [choose.randrange(300) for _ in range(500)]
    answer = [*prompt[50:90], 7, 8, 9, *prompt[300:330]]
    assert write(PromptLookup(prompt), answer) == write(PromptLookup(prompt), answer)
