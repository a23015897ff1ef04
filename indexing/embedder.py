"""An embedding model from a folder, by sentence-transformers: texts in, unit vectors out.

Counting tokens needs the tokenizer alone, which loads in milliseconds; torch and the model
(seconds) are loaded when the first text is embedded, or by `load`.
"""

from __future__ import annotations

import functools
import logging
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
import numpy as np
from tokenizers import Tokenizer

from indexing.cores import physical_cores, shared
from indexing.errors import EmbedderMissing
from indexing.text_embedder import Recall, Remember, Vectors, identity_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

Precision = Literal["float32", "bfloat16"]

DIMENSIONS = 384
# What the model was trained to read at once; it cuts what is longer, so passages never are.
MAX_TOKENS = 256
# [CLS] and [SEP].
SPECIAL_TOKENS = 2
# bfloat16 vectors have to agree with float32 ones to this cosine to be used.
LEAST_AGREEMENT = 0.995
# ... and to be this much faster; below it the exact ones are worth more.
LEAST_GAIN = 1.15
_WEIGHTS = "model.safetensors"
_TRIAL_TEXTS = 16
# oneDNN compiles and keeps a kernel for each shape of batch. With lengths rounded up there are
# few: 400 passages took 5.4 s of CPU and 600 MB instead of 6.4 s and 1,100 MB.
_ROUNDED_TO = 32


class Embedder:
    """One embedding model; see `text_embedder.TextEmbedder`.

    Args:
        folder: The model as sentence-transformers saves it.
        recall: Knows the precision that was measured before.
        remember: Keeps it.

    Raises:
        EmbedderMissing: The folder does not hold the model.
    """

    def __init__(
        self,
        folder: Path,
        recall: Recall | None = None,
        remember: Remember | None = None,
    ) -> None:
        for name in (_WEIGHTS, "tokenizer.json", "config.json", "modules.json"):
            if not (folder / name).is_file():
                raise EmbedderMissing(str(folder))
        self._folder = folder
        self._recall = recall
        self._remember = remember
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._inputs: Tokenizer = Tokenizer.from_str(self._tokenizer.to_str())
        cast("Any", self._inputs).enable_truncation(MAX_TOKENS)
        self._prompts = _prompts(folder)
        self._model: SentenceTransformer | None = None
        self.precision: Precision | None = None

    @property
    def identity(self) -> str:
        """What tells this model's vectors from another's: its name and its weights' digest."""
        return identity_of(self._folder.name, self._folder / _WEIGHTS, self._prompts)

    @property
    def path(self) -> Path:
        """Where the model is."""
        return self._folder

    @property
    def passage_room(self) -> int:
        """Tokens that a passage may have so that it is read whole."""
        return MAX_TOKENS - SPECIAL_TOKENS - self.count_tokens([self._prompts["passage"]])[0]

    def count_tokens(self, texts: list[str]) -> list[int]:
        """How many of the model's tokens each text has, special ones not counted."""
        encoded = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [len(item) for item in encoded]

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._model is not None

    def load(self) -> None:
        """Loads the model now, unless it is loaded; takes seconds the first time."""
        if self._model is None:
            self._model = self._load()

    def close(self) -> None:
        """Lets go of the model, which is loaded again where it is needed again."""
        self._model = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of the texts, `(len(texts), dimensions)`; all-MiniLM-L6-v2 has 384.

        The call is one batch for each core. Texts of about the same length cost least
        together: the shorter ones of a batch are padded to the longest.
        """
        if not texts:
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        self.load()
        assert self._model is not None
        return _encode(self._model, self._inputs, texts)

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """`encode`, with what the model wants in front of a query."""
        return self.encode([self._prompts["query"] + text for text in queries])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """`encode`, with what the model wants in front of a passage."""
        return self.encode([self._prompts["passage"] + text for text in texts])

    def _load(self) -> SentenceTransformer:
        prepare_libraries()
        begin = time.perf_counter()
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        cores = physical_cores()
        model = SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)
        model.eval()
        self.precision = self._choose_precision(model, cores)
        if self.precision == "bfloat16":
            model.bfloat16()
        logger.info(
            "embedder loaded in %.1f s, %s, %d cores",
            time.perf_counter() - begin,
            self.precision,
            cores,
        )
        return model

    def _choose_precision(self, model: SentenceTransformer, cores: int) -> Precision:
        """The precision that was measured best on this machine, measuring it the first time."""
        import torch

        if not cpu_has_bfloat16():
            return "float32"
        key = f"precision:{self.identity}:{torch.__version__}:{cpu_name()}:{cores}"
        known = self._recall(key) if self._recall is not None else None
        if known in ("float32", "bfloat16"):
            return known
        chosen, gain, agreement = measure_precision(model, self._inputs)
        logger.info(
            "bfloat16 is %.2f times as fast, cosine at least %.4f: %s", gain, agreement, chosen
        )
        if self._remember is not None:
            self._remember(key, chosen)
        return chosen


def _prompts(folder: Path) -> dict[str, str]:
    """What a model wants in front of queries and passages; mostly nothing.

    sentence-transformers lets a model name the prompt of its passages in three ways.
    """
    try:
        raw = (folder / "config_sentence_transformers.json").read_bytes()
        config = msgspec.json.decode(raw, type=_Config)
    except (OSError, msgspec.MsgspecError):
        config = _Config()
    named = config.prompts or {}
    default = named.get(config.default_prompt_name or "", "")
    passage = next((named[n] for n in ("document", "passage", "corpus") if n in named), default)
    return {"query": named.get("query", default), "passage": passage}


class _Config(msgspec.Struct):
    """What concerns us of `config_sentence_transformers.json`."""

    prompts: dict[str, str] | None = None
    default_prompt_name: str | None = None


def prepare_libraries() -> None:
    """Sets what torch and the model libraries read when they are imported: no network."""
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ.setdefault(variable, "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # OpenMP's threads wait for each other by spinning, which on shared cores takes the
    # very time that they wait for. Measured beside other work on two cores: 14 instead of
    # 55 passages/s, a query 310 ms instead of 10. Read when torch loads the library.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def measure_precision(
    model: SentenceTransformer, tokenizer: Tokenizer
) -> tuple[Precision, float, float]:
    """Tries both precisions on a few texts; leaves the model in float32.

    Returns:
        The better one, how many times as fast bfloat16 is, and the least cosine of its
        vectors to the exact ones.
    """
    texts = [
        " ".join(f"{word} {n + i}" for i, word in enumerate(_TRIAL_WORDS * 2))
        for n in range(_TRIAL_TEXTS)
    ]
    exact, exact_s = _timed(model, tokenizer, texts)
    # A copy back to float32 would keep the rounding, so the exact weights are set aside.
    state = {name: value.clone() for name, value in model.state_dict().items()}
    model.bfloat16()
    rounded, rounded_s = _timed(model, tokenizer, texts)
    model.float()
    model.load_state_dict(state)
    agreement = float((exact * rounded).sum(axis=1).min())
    gain = exact_s / rounded_s
    good = agreement >= LEAST_AGREEMENT and gain >= LEAST_GAIN
    return ("bfloat16" if good else "float32"), gain, agreement


_TRIAL_WORDS = tuple(
    word
    for line in (
        "The tenant shall pay the yearly rent of 12,000 euros to the landlord before March;",
        "patients with a resting rate above 100 were given the drug twice a day, and of the",
        "quarterly revenue a third came from services that did not exist in the year before.",
    )
    for word in line.split()
)


def _timed(
    model: SentenceTransformer, tokenizer: Tokenizer, texts: Sequence[str]
) -> tuple[Vectors, float]:
    _encode(model, tokenizer, texts[:4])
    begin = time.perf_counter()
    vectors = _encode(model, tokenizer, texts)
    return vectors, time.perf_counter() - begin


def _encode(model: SentenceTransformer, tokenizer: Tokenizer, texts: Sequence[str]) -> Vectors:
    """Unit vectors of texts, a batch for each core."""
    return np.stack(shared(functools.partial(_encode_batch, model, tokenizer), texts))


def _encode_batch(
    model: SentenceTransformer, tokenizer: Tokenizer, texts: Sequence[str]
) -> Vectors:
    """Unit vectors of one batch.

    The model's own `encode` and `preprocess` build lists of Python integers on their way: a
    tenth of a small batch's time.
    """
    import torch

    from_numpy = cast("Any", torch).from_numpy
    encoded = tokenizer.encode_batch_fast(list(texts))
    longest = max(len(item) for item in encoded)
    width = min(MAX_TOKENS, -(-longest // _ROUNDED_TO) * _ROUNDED_TO)
    tokens = np.zeros((len(encoded), width), dtype=np.int64)
    mask = np.zeros_like(tokens)
    for row, item in enumerate(encoded):
        tokens[row, : len(item)] = item.ids
        mask[row, : len(item)] = 1
    features = {"input_ids": from_numpy(tokens), "attention_mask": from_numpy(mask)}
    if "token_type_ids" in cast("Any", model).tokenizer.model_input_names:
        features["token_type_ids"] = torch.zeros(tokens.shape, dtype=torch.int64)
    with torch.inference_mode():
        vectors = model(features)["sentence_embedding"].float().numpy()
    # In bfloat16 the model's own normalising leaves lengths off by up to a hundredth.
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def cpu_has_bfloat16() -> bool:
    """Whether the CPU computes in bfloat16 (elsewhere it is emulated, and slow)."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return any(value for name, value in capabilities.items() if "bf16" in name)


def cpu_name() -> str:
    """The processor's model, so that what was measured on one is not believed of another."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
