"""Brings a prompt into the KV cache, as far as possible without reading it.

What is in the cache already stays; what a state on disk holds is taken from there; the rest
is read in steps, between which the caller may stop or pause. What would be lost by going on
to another prompt is kept on disk, where it would take long to read again.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

import numpy as np

from models.engine.memory import BLOCK_TOKENS, TokenMemory, reusable_tokens
from models.engine.types import PrefillProgress
from models.errors import DecodeFailed, NoModelLoaded
from models.states import StateKey, StateStore, StoredState

# Fewer tokens are read about as fast as a state is brought from the disk.
_WORTH_TAKING_TOKENS = 256
# Fewer are read again in seconds, and a state takes tens of kilobytes for each.
_WORTH_KEEPING_TOKENS = 512

# How long a step may take, as far as its size can be chosen. Steps of 64 tokens cost an eighth
# of the speed, of 128 a twentieth, and from 256 on nothing (0.5B model, two cores).
_STEP_SECONDS = 3.0
_BACKGROUND_STEP_SECONDS = 0.5
_SLOW_STEP_TOKENS = 16
_SLOW_TOKENS_PER_S = 10


class PromptReader:
    """Reads prompts into a context's memory.

    Args:
        memory: What they are read into.
        states: Where what was read is kept on disk; None keeps nothing.
        aside: What shares the context's room: it gives way to what is studied.

    Attributes:
        memory: What they are read into.
        key: What a state of this memory depends on; None while states cannot be used.
        speed: Tokens read in a second, by the last whole step; 0 before one.
        owners: What the tokens held are made of; they are kept on disk if there is any.
        busy: An answer is being made: what studies meanwhile must leave the memory alone.
        closed: The model is gone, or another one since its adapters were changed.
    """

    def __init__(
        self,
        memory: TokenMemory,
        states: StateStore | None,
        aside: TokenMemory | None = None,
    ) -> None:
        self.memory = memory
        self.key: StateKey | None = None
        self.speed = 0.0
        self.owners: tuple[str, ...] = ()
        self.busy = False
        self.closed = False
        self._states = states
        self._aside = aside

    def reusable(self, tokens: Sequence[int]) -> int:
        """How many tokens of a prompt need no reading."""
        held = self.memory.reusable(tokens)
        return max(held, self._stored(tokens, held + _WORTH_TAKING_TOKENS)[1])

    def reach(self, tokens: Sequence[int], owners: Sequence[str]) -> int:
        """Brings the cache as far into a prompt as it gets without reading.

        Args:
            tokens: The prompt.
            owners: What it is made of; nothing where it need not be kept.

        Returns:
            How many tokens the cache holds then, all of them the prompt's.
        """
        memory = self.memory
        reusable = memory.reusable(tokens)
        state, _ = self._stored(tokens, reusable + _WORTH_TAKING_TOKENS)
        self._keep_what_would_be_lost(0 if state else reusable)
        if state is not None:
            self._take(state)
            reusable = memory.reusable(tokens)
        reached = memory.keep(reusable)
        if owners or reached < _WORTH_KEEPING_TOKENS:
            self.owners = tuple(owners)
        return reached

    def read(self, tokens: Sequence[int], cached: int) -> Generator[PrefillProgress, None, float]:
        """Reads what the cache does not hold; returns tokens per second.

        Args:
            tokens: The prompt.
            cached: How many of its tokens the cache holds.

        Raises:
            DecodeFailed: llama.cpp failed; what was cached is dropped.
        """
        done, seconds = cached, 0.0
        yield PrefillProgress(done=done, total=len(tokens), cached=cached)
        while done < len(tokens):
            began = time.monotonic()
            done = self.step(tokens, done, _STEP_SECONDS)
            seconds += time.monotonic() - began
            yield PrefillProgress(done=done, total=len(tokens), cached=cached)
        return (done - cached) / seconds if seconds > 0 else 0.0

    def study(
        self, tokens: list[int], owners: Sequence[str]
    ) -> Generator[PrefillProgress, None, StoredState | None]:
        """Reads the start of a prompt to keep it on disk, giving way at each step.

        Between two steps others may use the cache; what was read by then is found again.

        Returns:
            What is kept; None where quota or disk have no room for it.

        Raises:
            DecodeFailed: llama.cpp failed.
            NoModelLoaded: The model was unloaded or changed meanwhile.
        """
        kept = self.studied(tokens, owners)
        if kept is not None:
            return kept
        memory, total = self.memory, len(tokens)
        done = cached = self.reusable(tokens)
        yield PrefillProgress(done=done, total=total, cached=cached)
        while True:
            if self.closed:
                raise NoModelLoaded
            if not self.busy:
                done = len(memory.tokens)
                if done > total or memory.tokens != tokens[:done]:
                    done = self.reach(tokens, owners)
                self.owners = tuple(owners)
                if self._aside is not None:
                    self._aside.clear()
                if done < total:
                    done = self.step(tokens, done)
                if done == total:
                    return self.keep(studied=True)
            yield PrefillProgress(done=done, total=total, cached=cached)

    def studied(self, tokens: list[int], owners: Sequence[str]) -> StoredState | None:
        """The state that `study` kept of just this, which would be used; None without one."""
        if self._states is None or self.key is None:
            return None
        wanted = (True, len(tokens), tuple(owners))
        for state in self._states.matching(self.key):
            if (state.studied, state.tokens, state.owners) != wanted:
                continue
            if self._states.tokens(state).tolist() == tokens:
                return state
        return None

    def step(
        self, tokens: Sequence[int], done: int, seconds: float = _BACKGROUND_STEP_SECONDS
    ) -> int:
        """Reads on for about that long; returns how much is read then.

        Raises:
            DecodeFailed: llama.cpp failed; what was cached is dropped.
        """
        # Up to the next multiple of the step, so that the same text is always read in the
        # same pieces, wherever the cache ends.
        size = self._step_tokens(seconds)
        step = tokens[done : done + size - done % size]
        last = done + len(step) == len(tokens)
        began = time.monotonic()
        code = self.memory.decode(step, logits=int(last), read=True)
        if code:
            raise DecodeFailed(code)
        elapsed = time.monotonic() - began
        if len(step) == size and elapsed > 0:
            self.speed = size / elapsed
        return done + len(step)

    def keep(self, *, studied: bool) -> StoredState | None:
        """Keeps what is held on disk; None where it cannot be kept."""
        if self._states is None or self.key is None:
            return None
        memory = self.memory
        return self._states.keep(
            self.key,
            memory.tokens,
            memory.read,
            self.owners,
            memory.save,
            bytes_needed=memory.state_bytes(),
            studied=studied,
        )

    def close(self) -> None:
        """Keeps what is worth keeping, before the memory goes or is another model's."""
        self._keep_what_would_be_lost(0)
        self.closed = True

    def _stored(
        self, prompt: Sequence[int], at_least: int = _WORTH_TAKING_TOKENS
    ) -> tuple[StoredState | None, int]:
        """The state on disk that spares most of a prompt, and how much; None below a bound."""
        best: StoredState | None = None
        longest = 0
        if self._states is None or self.key is None or len(prompt) <= at_least:
            return best, longest
        tokens = np.asarray(prompt, np.int32)
        for state in self._states.matching(self.key):
            held = self._states.tokens(state)
            rewindable = self.memory.rewindable
            spared = reusable_tokens(held, state.read, tokens, rewindable=rewindable)
            if spared >= at_least and spared > longest:
                best, longest = state, spared
        return best, longest

    def _take(self, state: StoredState) -> bool:
        if self._states is None:
            return False
        path = self._states.take(state)
        tokens = self._states.tokens(state).tolist()
        if path is None or not self.memory.restore(path, tokens, state.read):
            return False
        self.owners = state.owners
        return True

    def _keep_what_would_be_lost(self, kept: int) -> None:
        held = len(self.memory.tokens)
        if not self.owners or held - kept < _WORTH_KEEPING_TOKENS:
            return
        _, stored = self._stored(self.memory.tokens)
        if held - max(kept, stored) >= _WORTH_KEEPING_TOKENS:
            self.keep(studied=False)

    def _step_tokens(self, seconds: float) -> int:
        """Tokens to read before the next chance to stop.

        Pieces of whole blocks give the very same numbers whatever their size, so the speed
        measured may choose among them without changing an answer. Where even a block would
        take seconds, being able to stop matters more.
        """
        most = self.memory.batch_tokens
        if 0 < self.speed < _SLOW_TOKENS_PER_S:
            return min(most, _SLOW_STEP_TOKENS)
        size = BLOCK_TOKENS
        while size * 2 <= min(most, self.speed * seconds):
            size *= 2
        return min(most, size)
