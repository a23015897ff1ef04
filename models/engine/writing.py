"""Writes an answer: token after token, until the model, a stop string or a limit ends it."""

from __future__ import annotations

from collections.abc import Generator

import msgspec
import numpy as np

from models.engine.answer import GrowingAnswer
from models.engine.loading import NativeModel
from models.engine.lookahead import Lookahead
from models.engine.memory import LogProbabilities, TokenMemory
from models.engine.native import Sampler, Vocabulary
from models.engine.types import (
    FinishReason,
    Sampling,
    TextDelta,
    ThinkingDelta,
    TokenAlternative,
    TokenChoice,
)

# Enough to find every spelling of a yes or a no among them.
_FIRST_TOKENS = 20


class AnswerWriter:
    """Writes one answer.

    Args:
        native: The model.
        sampling: How tokens are chosen, and how many there may be.
        thinking: Whether the prompt ends in the midst of thinking.

    Raises:
        GrammarFailed: The grammar or the JSON schema cannot be used.
    """

    def __init__(self, native: NativeModel, sampling: Sampling, *, thinking: bool) -> None:
        self._native = native
        self._sampling = sampling
        self._sampler = Sampler(sampling, native.vocabulary)
        # A grammar is for the answer; what comes before it is in the model's own words.
        self._thinking_sampler = self._sampler
        if thinking and (sampling.grammar or sampling.json_schema):
            free = msgspec.structs.replace(sampling, grammar="", json_schema="")
            self._thinking_sampler = Sampler(free, native.vocabulary)

    def close(self) -> None:
        """Frees the samplers."""
        self._sampler.close()
        self._thinking_sampler.close()

    def write(
        self, memory: TokenMemory, answer: GrowingAnswer
    ) -> Generator[TextDelta | ThinkingDelta, None, FinishReason]:
        """Writes after what the memory holds.

        Raises:
            DecodeFailed: llama.cpp failed.
        """
        vocabulary = self._native.vocabulary
        finish: FinishReason = "length"
        longest_thinking = self._longest_thinking()
        ending: list[int] = []  # what ends the thinking, as far as it is still to be written
        ahead = Lookahead(memory)
        while answer.kind == "thinking" or answer.answer_tokens < self._sampling.max_tokens:
            too_long = answer.kind == "thinking" and answer.thinking_tokens >= longest_thinking
            if too_long and not ending:
                ending = vocabulary.tokenize(f"\n{answer.closing}\n\n", parse_special=True)
            forced = bool(ending)
            token = ending.pop(0) if forced else self._choose(memory, ahead.row, answer)
            if vocabulary.is_end(token):
                finish = "stop"
                break
            answer.take(vocabulary.piece(token), ends_thinking=forced)
            if answer.stopped:
                finish = "stop"
                break
            # The last token's own key and value are only needed for a further one.
            left = self._sampling.max_tokens - answer.answer_tokens
            if left == 0:
                break
            if ahead.take(token):
                continue
            if self._native.room <= 0:
                break
            yield from answer.due()
            ahead.compute(token, min(left, self._native.room) - 1)
        ahead.forget()
        answer.end()
        yield from answer.due(everything=True)
        return finish

    def _longest_thinking(self) -> int:
        """How many tokens the thinking may have, so that the answer has room."""
        room = self._native.room
        answer = min(self._sampling.max_tokens, room // 2)
        return max(0, min(self._sampling.thinking_tokens, room - answer))

    def _choose(self, memory: TokenMemory, row: int, answer: GrowingAnswer) -> int:
        vocabulary = self._native.vocabulary
        thinking = answer.kind == "thinking"
        sampler = self._thinking_sampler if thinking else self._sampler
        token = sampler.sample(memory.context, row)
        if thinking or (answer.begun and not self._sampling.alternatives):
            return token
        likely = memory.log_probabilities(vocabulary.size, row)
        if not answer.begun:
            answer.first_tokens = tuple(
                (each.text, float(np.exp(each.log_probability)))
                for each in _best(likely, _FIRST_TOKENS, vocabulary)
            )
        if self._sampling.alternatives and not vocabulary.is_end(token):
            best = _best(likely, self._sampling.alternatives, vocabulary)
            answer.choices.append(
                TokenChoice(_text(token, vocabulary), float(likely[token]), tuple(best))
            )
        return token


def _best(likely: LogProbabilities, count: int, vocabulary: Vocabulary) -> list[TokenAlternative]:
    """The likeliest tokens, best first."""
    best = np.argpartition(likely, -count)[-count:]
    return [
        TokenAlternative(_text(int(token), vocabulary), float(likely[token]))
        for token in best[np.argsort(-likely[best])]
    ]


def _text(token: int, vocabulary: Vocabulary) -> str:
    return vocabulary.piece(token).decode("utf-8", "replace")
