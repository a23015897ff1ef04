"""Decides, visibly, how documents are used for a question, and how much the model may read.

What the model may read is the smaller of what its context holds beside the answer and what
it reads in the time the person accepts. What is in its cache already costs no time.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.types import AnsweringSettings
from models.engine.types import ChatMessage, Generation, PromptSize

# The starter on two cores, until the model at hand has been measured.
ASSUMED_TOKENS_PER_S = 150.0
# About four paragraphs: fewer often miss the answer, however slow the machine.
MIN_EVIDENCE_TOKENS = 750
# A share of the context kept free of the conversation so far, for evidence and answer.
_HISTORY_SHARE = 0.25
TYPICAL_CHARS_PER_TOKEN = 4.2
_STEP = 250


class Speed:
    """How fast a model reads, learned from what it has read; one per model."""

    def __init__(self) -> None:
        self._tokens_per_s: float | None = None

    @property
    def known(self) -> bool:
        """Whether it was measured."""
        return self._tokens_per_s is not None

    @property
    def tokens_per_s(self) -> float:
        """Tokens read in a second."""
        return self._tokens_per_s or ASSUMED_TOKENS_PER_S

    def expect(self, tokens_per_s: float) -> None:
        """Take in what was measured before; what is learned from answers counts more."""
        if not self.known and tokens_per_s > 0:
            self._tokens_per_s = tokens_per_s

    def learn(self, generation: Generation) -> None:
        """Take in what a generation shows; one that read little shows nothing."""
        if generation.prompt_tokens - generation.cached_tokens < 128:
            return
        seen = generation.prefill_tokens_per_s
        if seen > 0:
            self._tokens_per_s = (
                seen if self._tokens_per_s is None else 0.7 * self._tokens_per_s + 0.3 * seen
            )

    def seconds(self, size: PromptSize) -> float | None:
        """Forecast the time to the first word; None before the speed is known."""
        return (size.tokens - size.cached_tokens) / self.tokens_per_s if self.known else None


def answer_room(settings: AnsweringSettings, context_tokens: int) -> int:
    """Return the tokens kept free for the answer: never more than a third of the context."""
    return min(settings.max_answer_tokens, context_tokens // 3)


def evidence_tokens(size_without: PromptSize, settings: AnsweringSettings, speed: Speed) -> int:
    """Return how many tokens of evidence to give the model.

    Args:
        size_without: Size of the prompt with no evidence in it.
        settings: What the person accepts.
        speed: Of the model. Its budget is rounded, so that one question asked twice finds
            the same evidence although the speed is never quite the same.
    """
    room = size_without.context_tokens - size_without.tokens
    room -= answer_room(settings, size_without.context_tokens)
    unread = max(0, size_without.tokens - size_without.cached_tokens)
    in_time = settings.read_seconds * speed.tokens_per_s - unread
    in_time = max(MIN_EVIDENCE_TOKENS, round(in_time / _STEP) * _STEP)
    return max(0, min(room, int(in_time)))


def evidence_chars(tokens: int) -> int:
    """Return about how many characters of ordinary text so many tokens are."""
    return int(tokens * TYPICAL_CHARS_PER_TOKEN)


def may_fit(chars: int, settings: AnsweringSettings, context_tokens: int) -> bool:
    """Tell whether texts could fit whole, before their tokens are counted.

    No tokenizer at hand packs more than about six characters of prose into a token on average.
    """
    return chars / 6 <= context_tokens - answer_room(settings, context_tokens)


def fits(size: PromptSize, settings: AnsweringSettings) -> bool:
    """Tell whether a prompt leaves room for its answer."""
    return size.tokens + answer_room(settings, size.context_tokens) <= size.context_tokens


def in_time(size: PromptSize, settings: AnsweringSettings, speed: Speed) -> bool:
    """Tell whether a prompt is read in the time the person accepts."""
    return size.tokens - size.cached_tokens <= settings.read_seconds * speed.tokens_per_s


def recent(
    history: Sequence[ChatMessage], context_tokens: int, settings: AnsweringSettings, speed: Speed
) -> tuple[list[ChatMessage], int]:
    """Return the newest exchanges that leave room for evidence, and how many earlier ones do not.

    An exchange is a question and its answer; it is given whole or not at all.
    """
    share = min(context_tokens, settings.read_seconds * speed.tokens_per_s) * _HISTORY_SHARE
    left = evidence_chars(int(share))
    exchanges: list[list[ChatMessage]] = []
    for message in history:
        if message.role == "user" or not exchanges:
            exchanges.append([])
        exchanges[-1].append(message)
    kept: list[ChatMessage] = []
    for place, exchange in enumerate(reversed(exchanges)):
        left -= sum(len(message.content) for message in exchange)
        if left < 0:
            return kept, len(exchanges) - place
        kept = [*exchange, *kept]
    return kept, 0
