"""The words the engine and its callers share: what goes in, what streams out.

Everything here is a plain msgspec struct, importable in milliseconds, so that a
process which must not load llama.cpp can still speak of a generation.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant"]
KvType = Literal["f16", "q8_0", "q4_0"]
FinishReason = Literal["stop", "length"]


class ChatMessage(msgspec.Struct, frozen=True):
    """One turn of a conversation, as the chat template sees it."""

    role: Role
    content: str


class Adapter(msgspec.Struct, frozen=True):
    """A LoRA adapter: a small file that changes a model.

    Attributes:
        path: The GGUF file.
        weight: How much it counts; 1 as its makers meant it, 0 not at all.
    """

    path: str
    weight: float = 1.0


class LoadSettings(msgspec.Struct, frozen=True):
    """How a model is loaded.

    Attributes:
        context_tokens: Size of the context window; clipped to what the model was trained for.
        threads: Compute threads; None takes the machine's physical cores.
        batch_tokens: Tokens per prefill step, which is also how often a prefill can be stopped.
        gpu_layers: Layers to offload; -1 offloads all where llama.cpp was built for a GPU.
        kv_type: How the KV cache is stored; the smaller types need flash attention.
        flash_attention: None leaves it off where the processor computes, which is faster there,
            and leaves it to llama.cpp where a GPU does.
        template: A chat template in place of the model's own.
        adapters: LoRA adapters that change the model, together.
        thinking: Whether it thinks before it answers, where its template lets one choose; None
            leaves that to the template.
    """

    context_tokens: int = 8192
    threads: int | None = None
    batch_tokens: int = 256
    gpu_layers: int = -1
    kv_type: KvType = "f16"
    flash_attention: bool | None = None
    template: str | None = None
    adapters: tuple[Adapter, ...] = ()
    thinking: bool | None = None

    @property
    def adapters_in_force(self) -> tuple[Adapter, ...]:
        """The adapters that change anything."""
        return tuple(adapter for adapter in self.adapters if adapter.weight)


class Sampling(msgspec.Struct, frozen=True):
    """How the next token is chosen. A temperature of 0 is greedy and reproducible.

    Attributes:
        max_tokens: Longest answer.
        thinking_tokens: Longest thinking before it; then it is ended and the answer begins.
        grammar: Grammar in llama.cpp's notation (GBNF) that the answer must follow.
        json_schema: JSON schema that the answer must follow; not together with a grammar.
        alternatives: So many of the likeliest tokens are told for each token of the answer.
    """

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int = 0
    max_tokens: int = 1024
    thinking_tokens: int = 1024
    grammar: str = ""
    json_schema: str = ""
    alternatives: int = 0


class LoadProgress(msgspec.Struct, frozen=True, tag=True):
    """Part of the weights that is loaded, 0 to 1."""

    fraction: float


class PrefillProgress(msgspec.Struct, frozen=True, tag=True):
    """How far the prompt is read, in tokens; `cached` of them needed no reading."""

    done: int
    total: int
    cached: int


class TextDelta(msgspec.Struct, frozen=True, tag=True):
    """A further piece of the answer, always whole characters."""

    text: str


class ThinkingDelta(msgspec.Struct, frozen=True, tag=True):
    """A further piece of the model's thinking, which is not part of the answer."""

    text: str


GenerationEvent = PrefillProgress | TextDelta | ThinkingDelta


class LoadedModel(msgspec.Struct, frozen=True):
    """What is loaded, with the settings that really apply.

    Attributes:
        path: The GGUF file.
        context_tokens: The context window in force.
        trained_context: What the model was trained for.
        threads: Compute threads in use.
        load_seconds: Wall time of the load.
        kv_bytes_per_token: What a token takes in the KV cache, and in a state on disk.
        sha256: Of the file; empty while it is not known.
        read_tokens_per_s: How fast it reads, as measured before; 0 while that is not known.
        write_tokens_per_s: How fast it writes.
        switches_thinking: Whether its template lets one choose if it thinks.
    """

    path: str
    context_tokens: int
    trained_context: int
    threads: int
    load_seconds: float
    kv_bytes_per_token: int = 0
    sha256: str = ""
    read_tokens_per_s: float = 0.0
    write_tokens_per_s: float = 0.0
    switches_thinking: bool = False


class TokenAlternative(msgspec.Struct, frozen=True):
    """A token that might have been chosen, with the natural logarithm of its probability."""

    text: str
    log_probability: float


class TokenChoice(msgspec.Struct, frozen=True):
    """A token that was chosen.

    Attributes:
        text: What it adds to the text; not always whole characters.
        log_probability: Natural logarithm of its probability, before any sampling.
        alternatives: The likeliest at this place, best first; itself among them where it is.
    """

    text: str
    log_probability: float
    alternatives: tuple[TokenAlternative, ...]


class Generation(msgspec.Struct, frozen=True):
    """A finished generation and what it cost.

    Attributes:
        text: The answer, without its thinking parts.
        thinking: The thinking parts, joined.
        finish: "stop" at the model's own end or a stop string, "length" at max_tokens
            or the end of the context window.
        prompt_tokens: Tokens of the whole prompt.
        cached_tokens: Of these, how many were already in the KV cache.
        answer_tokens: Tokens generated, thinking included.
        first_token_ms: From the call to the first generated token.
        tokens_per_s: Decoding speed after the first token; 0 before a second one.
        prefill_tokens_per_s: Reading speed of what was not cached; 0 where nothing was read.
        first_tokens: The likeliest first tokens of the answer as text, with their probabilities
            (0 to 1) before any sampling, best first: of a one-word reply, what else it might have
            been.
        choices: The tokens of the answer, where `Sampling.alternatives` asks for them.
        thinking_tokens: Of the tokens generated, how many the thinking took.
    """

    text: str
    thinking: str
    finish: FinishReason
    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int
    first_token_ms: float
    tokens_per_s: float
    prefill_tokens_per_s: float = 0.0
    first_tokens: tuple[tuple[str, float], ...] = ()
    choices: tuple[TokenChoice, ...] = ()
    thinking_tokens: int = 0


class PromptSize(msgspec.Struct, frozen=True):
    """What a prompt would cost, without reading it."""

    tokens: int
    cached_tokens: int
    context_tokens: int
