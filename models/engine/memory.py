"""A context's KV cache and the tokens it holds, kept in step whatever happens."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.engine.native import llama
from models.states import Tokens

# llama.cpp computes batches of whole blocks alike, and others a little differently: enough
# to turn a close choice between two words.
BLOCK_TOKENS = 64

LogProbabilities = npt.NDArray[np.float64]


class TokenMemory:
    """One sequence of a context, and the tokens its KV cache holds of it.

    Attributes:
        tokens: What the KV cache holds, in order from position 0.
        read: How many of them, from the first, were read and not generated.
        batch_tokens: Most tokens that can be read at once.
        rewindable: Whether it can be cut back to any length; a recurrent state cannot.
    """

    def __init__(
        self, context: Any, batch_tokens: int, *, rewindable: bool, sequence: int = 0
    ) -> None:
        self.context = context
        self._sequence = sequence
        self.tokens: list[int] = []
        self.read = 0
        self.batch_tokens = batch_tokens
        self.rewindable = rewindable
        self._memory = llama.llama_get_memory(context)
        self._batch = llama.llama_batch_init(batch_tokens, 0, 1)
        for i in range(batch_tokens):
            self._batch.n_seq_id[i] = 1
            self._batch.seq_id[i][0] = sequence

    def reusable(self, prompt: Sequence[int]) -> int:
        """How many tokens at the start of `prompt` need no reading: see `reusable_tokens`."""
        return reusable_tokens(self.tokens, self.read, prompt, rewindable=self.rewindable)

    def keep(self, count: int) -> int:
        """Forgets all but the first `count` tokens; returns how many are really left."""
        if count < len(self.tokens):
            if count == 0 or not llama.llama_memory_seq_rm(self._memory, self._sequence, count, -1):
                self.clear()
                count = 0
            del self.tokens[count:]
            self.read = min(self.read, count)
        return len(self.tokens)

    def clear(self) -> None:
        """Forgets everything."""
        llama.llama_memory_seq_rm(self._memory, self._sequence, -1, -1)
        self.tokens.clear()
        self.read = 0

    def decode(self, tokens: Sequence[int], *, logits: int, read: bool = False) -> int:
        """Computes tokens (at most a batch) into the cache; returns llama.cpp's code, 0 for done.

        Args:
            tokens: What follows the tokens held.
            logits: After how many of them, from the last, a token will be sampled.
            read: Whether they are of a prompt, not generated.
        """
        batch = self._batch
        count = batch.n_tokens = len(tokens)
        position = len(self.tokens)
        for i in range(count):
            batch.token[i] = tokens[i]
            batch.pos[i] = position + i
            batch.logits[i] = i >= count - logits
        code: int = llama.llama_decode(self.context, batch)
        if code == 0:
            if read and self.read == position:
                self.read += count
            self.tokens.extend(tokens)
        else:
            # Part of the batch may be in the cache: only an empty one is certain.
            self.clear()
        return code

    def log_probabilities(self, vocabulary_size: int, row: int) -> LogProbabilities:
        """Natural logarithms of what the model gives each token, before any sampling.

        Args:
            vocabulary_size: How many tokens there are.
            row: After which of the last batch's tokens: -1 is the last, -2 the one before it.
        """
        given = llama.llama_get_logits_ith(self.context, row)
        logits = np.ctypeslib.as_array(given, shape=(vocabulary_size,)).astype(np.float64)
        logits -= logits.max()
        return logits - np.log(np.exp(logits).sum())

    def state_bytes(self) -> int:
        """Size of the file that `save` would write."""
        return llama.llama_state_seq_get_size(self.context, self._sequence) + 4 * len(self.tokens)

    def save(self, path: Path) -> bool:
        """Writes what is held to a file; False where that failed, as on a full disk."""
        count = len(self.tokens)
        tokens = (ctypes.c_int32 * count)(*self.tokens)
        written: int = llama.llama_state_seq_save_file(
            self.context, str(path).encode(), self._sequence, tokens, count
        )
        return written > 0

    def restore(self, path: Path, tokens: Sequence[int], read: int) -> bool:
        """Takes what `save` wrote in place of what is held.

        Args:
            path: The file.
            tokens: What it must hold.
            read: How many of them were read and not generated.

        Returns:
            Whether it was taken; if not, nothing is held.
        """
        self.clear()
        count = len(tokens)
        found = (ctypes.c_int32 * count)()
        length = ctypes.c_size_t(0)
        taken: int = llama.llama_state_seq_load_file(
            self.context, str(path).encode(), self._sequence, found, count, ctypes.byref(length)
        )
        if not taken or list(found[: length.value]) != list(tokens):
            self.clear()
            return False
        self.tokens = list(tokens)
        self.read = read
        return True

    def close(self) -> None:
        """Gives up the context, which its owner frees; closing twice does nothing."""
        if self.context:
            llama.llama_batch_free(self._batch)
            self.context = None


def reusable_tokens(
    held: Sequence[int] | Tokens, read: int, prompt: Sequence[int] | Tokens, *, rewindable: bool
) -> int:
    """How many tokens at the start of `prompt` need no reading where `held` is in the cache.

    The last one is always read again, as sampling needs its logits. Within what was read,
    whole blocks are reused, which makes the answer the same as without a cache. What was
    generated is reused to the last token: reading a long answer anew would cost more than it
    is worth.

    Args:
        held: Tokens in the cache.
        read: How many of them, from the first, were read and not generated.
        prompt: Tokens of the prompt.
        rewindable: Whether the cache can be cut back.
    """
    length = max(0, min(len(held), len(prompt) - 1))
    differ = np.flatnonzero(np.asarray(held[:length]) != np.asarray(prompt[:length]))
    common = int(differ[0]) if len(differ) else length
    if common <= read:
        common -= common % BLOCK_TOKENS
    if common < len(held) and not rewindable:
        return 0
    return common
