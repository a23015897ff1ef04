"""Computes what an answer may go on with before it is chosen: several tokens in one batch.

Drafts are cheap, as a batch of four tokens takes hardly longer than two single ones, and nothing
of them is believed: each token is chosen as ever, from what the model gives after the tokens
before it, and where another one is chosen than was drafted, the rest is forgotten. So what is
written has the same probability as token by token. It is the same to the letter too, but for the
rounding of llama.cpp, which computes a batch and a single token in different orders: where two
tokens are about equally likely, the other one may be chosen. What is drafted depends on the
tokens alone, so the same question still gets the same answer.
"""

from __future__ import annotations

from models.engine.lookup import PromptLookup
from models.engine.memory import TokenMemory
from models.errors import DecodeFailed


class Lookahead:
    """Writes chosen tokens into a memory, and drafts after them.

    Args:
        memory: What the answer is written into. One that cannot be cut back gets no drafts.
    """

    def __init__(self, memory: TokenMemory) -> None:
        self._memory = memory
        self._lookup = PromptLookup(memory.tokens) if memory.rewindable else None
        self._ahead: list[int] = []

    @property
    def row(self) -> int:
        """Which of the last batch's logits are those of the next token, counted from its end."""
        return -1 - len(self._ahead)

    def take(self, token: int) -> bool:
        """Takes the next token; returns whether it was drafted, and so is computed already."""
        if self._lookup is not None:
            self._lookup.add(token)
        if self._ahead[:1] == [token]:
            del self._ahead[0]
            return True
        self.forget()
        return False

    def compute(self, token: int, longest_draft: int) -> None:
        """Computes a token that was taken, and a draft after it.

        Args:
            token: The token.
            longest_draft: Most tokens after it that are of use and have room.

        Raises:
            DecodeFailed: llama.cpp failed.
        """
        draft: list[int] = []
        if self._lookup is not None:
            draft = self._lookup.draft(min(longest_draft, self._memory.batch_tokens - 1))
        code = self._memory.decode((token, *draft), logits=1 + len(draft))
        if code:
            raise DecodeFailed(code)
        self._ahead = draft

    def forget(self) -> None:
        """Takes what is drafted out of the memory."""
        self._memory.keep(len(self._memory.tokens) - len(self._ahead))
        self._ahead = []
