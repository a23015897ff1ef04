"""An answer as it grows: from tokens' bytes to whole characters, in pieces worth sending."""

from __future__ import annotations

import codecs
import time
from collections.abc import Sequence

from models.engine.streaming import AnswerSplitter, Kind
from models.engine.types import FinishReason, Generation, TextDelta, ThinkingDelta, TokenChoice

_DELTA_SECONDS = 0.04


class GrowingAnswer:
    """An answer as it grows: whole characters, split into kinds, sent in batches.

    Attributes:
        tokens: How many it took so far, thinking included.
        thinking_tokens: How many the thinking took.
        first_tokens: See `Generation`.
        choices: See `Generation`.
    """

    def __init__(self, stop: Sequence[str], thinking_until: str | None) -> None:
        self.tokens = 0
        self.thinking_tokens = 0
        self.first_tokens: tuple[tuple[str, float], ...] = ()
        self.choices: list[TokenChoice] = []
        self._splitter = AnswerSplitter(stop, thinking_until)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting: list[tuple[Kind, str]] = []
        self._parts: dict[Kind, list[str]] = {"text": [], "thinking": []}
        self._first_at = 0.0
        self._last_at = 0.0
        self._sent_at = 0.0

    @property
    def stopped(self) -> bool:
        """Whether a stop string was found."""
        return self._splitter.stopped

    @property
    def kind(self) -> Kind:
        """What the next token is taken for."""
        return self._splitter.kind

    @property
    def closing(self) -> str:
        """The tag that ends the thinking; empty outside it."""
        return self._splitter.closing

    @property
    def begun(self) -> bool:
        """Whether there is more of the answer than white space, or what may open thinking."""
        return self._splitter.begun

    @property
    def answer_tokens(self) -> int:
        """How many tokens it took without the thinking."""
        return self.tokens - self.thinking_tokens

    def take(self, piece: bytes, *, ends_thinking: bool = False) -> None:
        """Takes a token's bytes.

        Args:
            piece: The bytes.
            ends_thinking: Whether it was not the model's choice, but is to end the thinking.
        """
        self._last_at = time.monotonic()
        if not self.tokens:
            self._first_at = self._last_at
        self.tokens += 1
        thinking = ends_thinking or self.kind == "thinking"
        self._waiting.extend(self._splitter.feed(self._decoder.decode(piece)))
        if thinking:
            self.thinking_tokens += 1
        elif self.kind == "thinking":
            # What came was the tag that opens it.
            self.thinking_tokens = self.tokens
            self.choices.clear()

    def end(self) -> None:
        """Ends the text: what was held back is decided."""
        self._waiting.extend(self._splitter.feed(self._decoder.decode(b"", final=True)))
        self._waiting.extend(self._splitter.finish())

    def due(self, *, everything: bool = False) -> list[TextDelta | ThinkingDelta]:
        """What is to be sent now; the first piece at once, then in batches.

        While all text is held back an empty piece is sent now and then: the caller can
        only stop or pause the generation where it gets something.
        """
        now = time.monotonic()
        if not everything and now - self._sent_at < _DELTA_SECONDS:
            return []
        if not self._waiting and (everything or now - self._sent_at < 3 * _DELTA_SECONDS):
            return []
        self._sent_at = now
        texts: list[tuple[Kind, str]] = []
        for kind, text in self._waiting or [(self._splitter.kind, "")]:
            if texts and texts[-1][0] == kind:
                texts[-1] = (kind, texts[-1][1] + text)
            else:
                texts.append((kind, text))
            self._parts[kind].append(text)
        self._waiting.clear()
        return [
            TextDelta(text=text) if kind == "text" else ThinkingDelta(text=text)
            for kind, text in texts
        ]

    def generation(
        self,
        started: float,
        finish: FinishReason,
        prompt_tokens: int,
        cached_tokens: int,
        prefill_tokens_per_s: float,
    ) -> Generation:
        """The finished answer and what it cost."""
        seconds = self._last_at - self._first_at
        return Generation(
            text="".join(self._parts["text"]),
            thinking="".join(self._parts["thinking"]),
            finish=finish,
            prompt_tokens=prompt_tokens,
            cached_tokens=cached_tokens,
            answer_tokens=self.tokens,
            first_token_ms=max(0.0, self._first_at - started) * 1000,
            tokens_per_s=(self.tokens - 1) / seconds if seconds > 0 else 0.0,
            prefill_tokens_per_s=prefill_tokens_per_s,
            first_tokens=self.first_tokens,
            choices=tuple(self.choices),
            thinking_tokens=self.thinking_tokens,
        )
