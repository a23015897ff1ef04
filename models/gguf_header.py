"""Reads the facts of a GGUF file from its header, without llama.cpp and without trust.

A model file comes from anywhere. Nothing in it is believed before it is checked against
the file's real size, nothing is allocated because a number in it says so, and what the
tensors need is compared with what the file holds, so that a broken download is noticed
before native code maps it.

The layout (version 2 and 3, little endian): magic, version, tensor count, key count, the
keys with their typed values, the tensors' names, shapes, types and offsets, then the data.
"""

from __future__ import annotations

import os
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from models.errors import InvalidModelFile
from models.gguf_cursor import MAX_HEADER_BYTES, Cursor, Problem
from models.gguf_tables import (
    EMBEDDING_ARCHITECTURES,
    FILE_TYPE_GUESSED,
    FILE_TYPES,
    LARGEST,
    OTHER_ARCHITECTURES,
    POOLING_NONE,
    POOLING_RANK,
    TENSOR_TYPES,
)

MAGIC = b"GGUF"

# Real files: up to 60 keys, 3,000 tensors, a vocabulary of 300,000.
MAX_KEYS = 4096
MAX_TENSORS = 65536
MAX_ARRAY_ITEMS = 8_000_000
MAX_DIMENSIONS = 4
# What is kept of it: chat templates of some 20 kB, lists of a number for each layer.
MAX_KEPT_STRING = 1024 * 1024
MAX_KEPT_ITEMS = 1024
MAX_KEPT_BYTES = 8 * 1024 * 1024

_DEFAULT_ALIGNMENT = 32

_STRING = 8
_ARRAY = 9
# struct formats of the scalar value types
_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i",
    6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip

Scalar = int | float | bool | str
ModelKind = Literal["chat", "embedding", "reranker", "projector", "adapter", "part", "other"]


class GgufHeader(msgspec.Struct, frozen=True):
    """What a GGUF file says of itself.

    Attributes:
        kind: What it is for. "chat" writes text, "embedding" and "reranker" serve searching, a
            "projector" lets a chat model see, an "adapter" (LoRA) changes one, a "part" is one of
            several files of a model, but the first, and "other" is anything else.
        architecture: llama.cpp's name of the model's family, such as "qwen2".
        title: The name its makers gave it; empty when they gave none.
        bytes: Size of the file.
        parameters: Elements of all its tensors.
        quantization: How most of it is quantized, such as "Q4_K_M".
        trained_context: Context it was trained for, in tokens; 0 when it does not say.
        licence: As the file states it; empty when it does not.
        template: Its chat template; None without one.
        languages: Codes of the languages it is meant for, as far as it says.
        splits: Files the model is split into; 1 for a whole one.
        vocabulary: How many different tokens it knows; 0 when it brings no tokenizer.
        matrix_bytes: What its weight matrices take, by their type; the token embedding, which
            is looked up and not multiplied, is left out.
        hyperparameters: The numbers of its architecture without the architecture's name before
            them, such as "block_count" or "attention.head_count_kv"; a list where it has one
            for each layer.
    """

    kind: ModelKind
    architecture: str
    title: str
    bytes: int
    parameters: int
    quantization: str
    trained_context: int
    licence: str
    template: str | None
    languages: list[str]
    splits: int
    vocabulary: int
    hyperparameters: dict[str, Scalar | list[Scalar]]
    matrix_bytes: dict[str, int]

    @property
    def generates_text(self) -> bool:
        """Whether it is a model that can answer."""
        return self.kind == "chat"


def read_header(path: Path) -> GgufHeader:
    """Reads and checks a file's header.

    Raises:
        InvalidModelFile: The file is missing, foreign, cut short or absurd.
    """
    try:
        with path.open("rb") as file:
            return parse_header(file, os.fstat(file.fileno()).st_size, str(path))
    except FileNotFoundError as error:
        raise InvalidModelFile(str(path), "missing") from error
    except OSError as error:
        raise InvalidModelFile(str(path), "unreadable") from error


def parse_header(file: BinaryIO, size: int, name: str) -> GgufHeader:
    """Reads and checks a header from the beginning of a file.

    Args:
        file: At its beginning; nothing behind the header need be there.
        size: How large the whole file is.
        name: What the file is called in an error.

    Raises:
        InvalidModelFile: The file is foreign, cut short or absurd, or its header has more bytes
            than are there ("truncated").
    """
    try:
        return _parse(Cursor(file, size), size)
    except Problem as error:
        raise InvalidModelFile(name, error.problem) from error


@dataclass
class _Keys:
    """The keys of a header: those worth keeping, and how long the arrays are that are not."""

    values: dict[str, Scalar | list[Scalar]] = field(
        default_factory=dict[str, "Scalar | list[Scalar]"]
    )
    lengths: dict[str, int] = field(default_factory=dict[str, int])

    def text(self, key: str) -> str:
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        value = self.values.get(key)
        return value if isinstance(value, int) else 0


@dataclass
class _Tensors:
    """What the list of tensors adds up to."""

    parameters: int = 0
    bytes: int = 0
    commonest: str = ""
    classifies: bool = False
    matrix_bytes: dict[str, int] = field(default_factory=dict[str, int])


def _parse(cursor: Cursor, size: int) -> GgufHeader:
    if size == 0:
        raise Problem("empty")
    if size < len(MAGIC) or cursor.take(4) != MAGIC:
        raise Problem("not_gguf")
    version = cursor.u32()
    if version not in (2, 3):  # version 1 is from before models were shared so; else big endian
        raise Problem("unsupported_version")
    tensor_count = cursor.count(MAX_TENSORS)
    keys = _read_keys(cursor, cursor.count(MAX_KEYS))
    alignment = keys.values.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
        raise Problem("absurd_header")
    tensors = _read_tensors(cursor, tensor_count)
    start = -(-cursor.position // alignment) * alignment
    if start + tensors.bytes > size:
        raise Problem("truncated")
    return _facts(keys, tensors, size)


def _read_keys(cursor: Cursor, count: int) -> _Keys:
    keys = _Keys()
    kept_bytes = 0
    for _ in range(count):
        name = cursor.text()
        kind = cursor.u32()
        at = cursor.position
        # The vocabulary is long, and llama.cpp's alone.
        keep = not name.startswith("tokenizer.") or name.startswith("tokenizer.chat_template")
        if kind == _ARRAY:
            item_kind = cursor.u32()
            items = cursor.count(MAX_ARRAY_ITEMS)
            keys.lengths[name] = items
            keep = keep and items <= MAX_KEPT_ITEMS
            if keep:
                keys.values[name] = [_read_scalar(cursor, item_kind) for _ in range(items)]
            else:
                _skip_array(cursor, item_kind, items)
        else:
            value = _read_scalar(cursor, kind)
            if keep:
                keys.values[name] = value
        if keep:
            kept_bytes += min(cursor.position - at, MAX_KEPT_STRING)
            if kept_bytes > MAX_KEPT_BYTES:
                raise Problem("absurd_header")
    return keys


def _read_scalar(cursor: Cursor, kind: int) -> Scalar:
    """A value that is no array; "" for a text longer than any that is of use."""
    if kind == _STRING:
        length = cursor.count(MAX_HEADER_BYTES)
        if length > MAX_KEPT_STRING:
            cursor.skip(length)
            return ""
        return cursor.take(length).decode("utf-8", "replace")
    if kind not in _SCALARS:  # an array in an array occurs in no model
        raise Problem("absurd_header")
    return cursor.scalar(_SCALARS[kind])


def _skip_array(cursor: Cursor, kind: int, items: int) -> None:
    if kind == _STRING:
        cursor.skip_texts(items)
    elif kind in _SCALARS:
        cursor.skip(items * struct.calcsize(_SCALARS[kind]))
    else:
        raise Problem("absurd_header")


def _read_tensors(cursor: Cursor, count: int) -> _Tensors:
    tensors = _Tensors()
    elements_by_type: Counter[str] = Counter()
    for _ in range(count):
        tensor_name = cursor.text()
        dimensions = cursor.u32()
        if dimensions > MAX_DIMENSIONS:
            raise Problem("absurd_header")
        elements = 1
        for _ in range(dimensions):
            elements *= cursor.count(1 << 48)
        if elements > 1 << 48:
            raise Problem("absurd_header")
        kind = cursor.u32()
        offset = cursor.count(1 << 56)
        # A type newer than the list: its size is unknown, so only its start is checked.
        type_name, block, block_bytes = TENSOR_TYPES.get(kind, ("unknown", 1, 0))
        tensors.parameters += elements
        tensors.classifies = tensors.classifies or tensor_name.startswith("cls.")
        elements_by_type[type_name] += elements
        if dimensions > 1 and tensor_name != "token_embd.weight":
            size = -(-elements // block) * block_bytes
            tensors.matrix_bytes[type_name] = tensors.matrix_bytes.get(type_name, 0) + size
        tensors.bytes = max(tensors.bytes, offset + -(-elements // block) * block_bytes)
    commonest = elements_by_type.most_common(1)
    tensors.commonest = commonest[0][0] if commonest else ""
    return tensors


def _facts(keys: _Keys, tensors: _Tensors, size: int) -> GgufHeader:
    architecture = keys.text("general.architecture")
    file_type = keys.number("general.file_type") & ~FILE_TYPE_GUESSED
    quantization = FILE_TYPES.get(file_type) if "general.file_type" in keys.values else None
    languages = keys.values.get("general.languages")
    prefix = f"{architecture}."
    hyperparameters = {
        name.removeprefix(prefix): value
        for name, value in keys.values.items()
        if architecture and name.startswith(prefix)
    }
    for name, largest in LARGEST.items():
        _check_bounds(hyperparameters.get(name, 0), largest)
    return GgufHeader(
        kind=_kind(keys, tensors, architecture, hyperparameters),
        architecture=architecture,
        title=keys.text("general.name"),
        bytes=size,
        parameters=tensors.parameters,
        quantization=quantization or tensors.commonest,
        trained_context=keys.number(f"{prefix}context_length"),
        licence=keys.text("general.license"),
        template=keys.text("tokenizer.chat_template") or None,
        languages=[each for each in languages if isinstance(each, str)]
        if isinstance(languages, list)
        else [],
        splits=max(1, keys.number("split.count")),
        vocabulary=keys.lengths.get("tokenizer.ggml.tokens", 0),
        hyperparameters=hyperparameters,
        matrix_bytes=tensors.matrix_bytes,
    )


def _check_bounds(value: Scalar | list[Scalar], largest: int) -> None:
    for number in value if isinstance(value, list) else [value]:
        if not isinstance(number, int) or not 0 <= number <= largest:
            raise Problem("absurd_header")


def _kind(
    keys: _Keys,
    tensors: _Tensors,
    architecture: str,
    hyperparameters: dict[str, Scalar | list[Scalar]],
) -> ModelKind:
    stated = keys.text("general.type")
    pooling = hyperparameters.get("pooling_type", POOLING_NONE)
    kind: ModelKind = "other"
    if keys.number("split.count") > 1 and keys.number("split.no") > 0:
        kind = "part"
    elif architecture == "clip" or stated == "mmproj":
        kind = "projector"
    elif stated == "adapter":
        kind = "adapter"
    elif not tensors.parameters or stated not in ("", "model"):
        kind = "other"
    elif pooling == POOLING_RANK or tensors.classifies:
        kind = "reranker"
    elif architecture in EMBEDDING_ARCHITECTURES or pooling != POOLING_NONE:
        kind = "embedding"
    elif architecture not in OTHER_ARCHITECTURES and "block_count" in hyperparameters:
        kind = "chat"
    return kind
