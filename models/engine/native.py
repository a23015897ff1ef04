"""The few calls of llama.cpp that the engine needs, with Python types around them.

Uses the low-level functions of llama-cpp-python only: its high-level class copies all
logits of every token into numpy, which costs a tenth of the speed.
"""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

from models.engine.types import Sampling
from models.errors import GrammarFailed

# Threads that wait for each other at every operation of a model must not spin for long: beside
# another busy process each holds up the core that the other needs (0.5B model, two cores, beside
# an embedding run: 1 token/s). Not to spin at all costs a third of the speed on idle cores (1.5B:
# 9.9 tokens/s instead of 13.5); this much costs 3 %. Read when the library is loaded, by GNU's
# OpenMP alone.
os.environ.setdefault("GOMP_SPINCOUNT", "4000")

import llama_cpp
import llama_cpp.llama_cpp as _llama_cpp
from llama_cpp.llama_grammar import json_schema_to_gbnf

# The bindings are typed for their own high-level class only.
llama: Any = _llama_cpp
LIBRARY_VERSION: str = llama_cpp.__version__

_log = logging.getLogger("models.engine.llama_cpp")

_ATTR_UNKNOWN = 1 << 0
_ATTR_CONTROL = 1 << 3
_PENALTY_WINDOW = 256

_LEVEL_ERROR = 4
_LEVEL_CONTINUED = 5


class NativeLog:
    """Sends what llama.cpp prints to Python's logging, at debug level.

    Attributes:
        first_error: Its first complaint since this was emptied: the cause, as those that
            follow only say that something failed.
    """

    def __init__(self) -> None:
        self.first_error = ""
        self._line = ""
        self._level = 0
        # llama.cpp keeps the pointer for the life of the process: so must we.
        self._callback = llama.llama_log_callback(self._take)
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _take(self, level: int, text: bytes | None, _user_data: object) -> None:
        if level != _LEVEL_CONTINUED:
            self._level = level
        self._line += (text or b"").decode("utf-8", "replace")
        if not self._line.endswith("\n"):
            return
        line, self._line = self._line.strip(), ""
        if not line:
            return
        if self._level == _LEVEL_ERROR and not self.first_error:
            self.first_error = line
        _log.debug("%s", line)


@cache
def start_backend() -> NativeLog:
    """Makes llama.cpp ready, once for the process; returns its log."""
    log = NativeLog()
    llama.llama_backend_init()
    return log


def repacking_is_safe() -> bool:
    """Whether weights may be laid out anew for this processor, which speeds reading up.

    WORKAROUND https://github.com/ggml-org/llama.cpp/issues/20824: where llama.cpp was built
    with AMX, the first batch of two tokens kills the process. Only giving up all such
    layouts keeps it from using AMX; the set-up builds without AMX for that reason.
    """
    return b"AMX_INT8 = 1" not in llama.llama_print_system_info()


class Vocabulary:
    """A model's tokens: text to ids, ids to bytes.

    Attributes:
        control_texts: Texts of the tokens that steer a model. Text from a person or a
            document must never become one of these tokens.
        begin: The token every prompt starts with, where the model wants one, else None.
    """

    def __init__(self, model: Any) -> None:
        self._vocab = llama.llama_model_get_vocab(model)
        self.size: int = llama.llama_vocab_n_tokens(self._vocab)
        self._pieces: dict[int, bytes] = {}
        self._visible: set[int] = set()
        texts: set[str] = set()
        for token in range(self.size):
            attributes = llama.llama_vocab_get_attr(self._vocab, token)
            if attributes & (_ATTR_CONTROL | _ATTR_UNKNOWN) or self.is_end(token):
                texts.add(self.text(token))
        self.control_texts = frozenset(text for text in texts if text)
        self.begin: int | None = None
        if llama.llama_vocab_get_add_bos(self._vocab):
            begin = llama.llama_vocab_bos(self._vocab)
            self.begin = begin if begin >= 0 else None

    def special_text(self, name: str) -> str:
        """Text of the "bos" or "eos" token; empty where the model has none."""
        token: int = getattr(llama, f"llama_vocab_{name}")(self._vocab)
        return self.text(token) if token >= 0 else ""

    def text(self, token: int) -> str:
        """A token's text as the vocabulary writes it."""
        raw: bytes | None = llama.llama_vocab_get_text(self._vocab, token)
        return (raw or b"").decode("utf-8", "replace")

    def is_end(self, token: int) -> bool:
        """Whether the model ends its turn with this token."""
        return bool(llama.llama_vocab_is_eog(self._vocab, token))

    def show(self, texts: Sequence[str]) -> None:
        """Lets these control tokens appear in the generated text, as thinking tags must."""
        for text in texts:
            if text in self.control_texts:
                self._visible.update(self.tokenize(text, parse_special=True))
        self._pieces.clear()

    def tokenize(self, text: str, *, parse_special: bool, add_special: bool = False) -> list[int]:
        """Tokens of a text.

        Args:
            text: The text.
            parse_special: Whether the texts of control tokens in it become those tokens.
            add_special: Whether the tokens are added that the model wants at its ends.
        """
        if not text and not add_special:
            return []
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8  # a token is at least a byte, save for a space put in front
        tokens = (ctypes.c_int32 * room)()
        count: int = llama.llama_tokenize(
            self._vocab, raw, len(raw), tokens, room, add_special, parse_special
        )
        if count < 0:
            room = -count
            tokens = (ctypes.c_int32 * room)()
            count = llama.llama_tokenize(
                self._vocab, raw, len(raw), tokens, room, add_special, parse_special
            )
        return list(tokens[:count])

    def grammar_sampler(self, grammar: str) -> Any:
        """What holds the choice of tokens to a grammar.

        Raises:
            GrammarFailed: llama.cpp cannot read it.
        """
        sampler = llama.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
        if not sampler:
            raise GrammarFailed("")
        return sampler

    def piece(self, token: int) -> bytes:
        """The bytes a generated token adds to the text; often not whole characters."""
        piece = self._pieces.get(token)
        if piece is None:
            buffer = ctypes.create_string_buffer(64)
            shown = token in self._visible
            length = llama.llama_token_to_piece(self._vocab, token, buffer, 64, 0, shown)
            if length < 0:
                buffer = ctypes.create_string_buffer(-length)
                length = llama.llama_token_to_piece(self._vocab, token, buffer, -length, 0, shown)
            piece = self._pieces[token] = buffer.raw[: max(length, 0)]
        return piece


def _grammar_of(json_schema: str) -> str:
    """The grammar of the JSON that follows a schema; empty without one."""
    if not json_schema:
        return ""
    try:
        return json_schema_to_gbnf(json_schema)
    except Exception as error:  # whatever a schema that is none makes of it
        raise GrammarFailed(type(error).__name__) from error


class Sampler:
    """A chain of llama.cpp's own samplers: no logits ever reach Python.

    Raises:
        GrammarFailed: The grammar or the JSON schema cannot be used.
    """

    def __init__(self, sampling: Sampling, vocabulary: Vocabulary) -> None:
        grammar = sampling.grammar or _grammar_of(sampling.json_schema)
        form = vocabulary.grammar_sampler(grammar) if grammar else None
        params = llama.llama_sampler_chain_default_params()
        params.no_perf = True
        self._chain: Any = llama.llama_sampler_chain_init(params)
        if form is not None:
            self._add(form)
        if sampling.repeat_penalty not in (0.0, 1.0):
            self._add(
                llama.llama_sampler_init_penalties(
                    vocabulary.size, _PENALTY_WINDOW, sampling.repeat_penalty, 0.0, 0.0
                )
            )
        if sampling.temperature <= 0:
            self._add(llama.llama_sampler_init_greedy())
            return
        if sampling.top_k > 0:
            self._add(llama.llama_sampler_init_top_k(sampling.top_k))
        if sampling.top_p < 1:
            self._add(llama.llama_sampler_init_top_p(sampling.top_p, 1))
        if sampling.min_p > 0:
            self._add(llama.llama_sampler_init_min_p(sampling.min_p, 1))
        self._add(llama.llama_sampler_init_temp(sampling.temperature))
        self._add(llama.llama_sampler_init_dist(sampling.seed & 0xFFFFFFFF))

    def _add(self, sampler: Any) -> None:
        llama.llama_sampler_chain_add(self._chain, sampler)

    def sample(self, context: Any, row: int) -> int:
        """Chooses the token after one of the last batch: -1 is the last, -2 the one before it."""
        return llama.llama_sampler_sample(self._chain, context, row)

    def close(self) -> None:
        """Frees the chain."""
        if self._chain:
            llama.llama_sampler_free(self._chain)
            self._chain = None
