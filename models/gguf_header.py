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
from pathlib import Path
from typing import BinaryIO

import msgspec

from models.errors import InvalidModelFile

MAGIC = b"GGUF"

# Real files: up to about 20 MB of header, 60 keys, 3,000 tensors, a vocabulary of 300,000.
MAX_HEADER_BYTES = 256 * 1024 * 1024
MAX_KEYS = 4096
MAX_TENSORS = 65536
MAX_ARRAY_ITEMS = 8_000_000
MAX_NAME_BYTES = 65535
MAX_DIMENSIONS = 4
MAX_KEPT_STRING = 1024 * 1024

_READ_BYTES = 1024 * 1024
_DEFAULT_ALIGNMENT = 32

_STRING = 8
_ARRAY = 9
# struct formats of the scalar value types
_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i",
    6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip

# ggml tensor types: name, elements per block, bytes per block
_TENSOR_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2),
    26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
}  # fmt: skip

# general.file_type: how most of the tensors are quantized
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0",
    38: "MXFP4",
}  # fmt: skip

# Architectures that embed, see or speak, and cannot hold a conversation.
_NOT_TALKING = frozenset(
    {
        "bert", "clip", "eurobert", "gemma-embedding", "jina-bert-v2", "jina-bert-v3",
        "modern-bert", "neo-bert", "nomic-bert", "nomic-bert-moe", "t5encoder",
        "wavtokenizer-dec", "whisper",
    }
)  # fmt: skip

Scalar = int | float | bool | str


class GgufHeader(msgspec.Struct, frozen=True):
    """What a GGUF file says of itself.

    Attributes:
        architecture: llama.cpp's name of the model's kind, such as "qwen2".
        title: The name its makers gave it; empty when they gave none.
        bytes: Size of the file.
        parameters: Elements of all its tensors.
        quantization: How most of it is quantized, such as "Q4_K_M".
        trained_context: Context it was trained for, in tokens; 0 when it does not say.
        licence: As the file states it; empty when it does not.
        template: Its chat template; None without one.
        splits: Files the model is split into; 1 for a whole one.
        generates_text: Whether it is a model that can answer at all.
    """

    architecture: str
    title: str
    bytes: int
    parameters: int
    quantization: str
    trained_context: int
    licence: str
    template: str | None
    splits: int
    generates_text: bool


def read_header(path: Path) -> GgufHeader:
    """Reads and checks a file's header.

    Raises:
        InvalidModelFile: The file is missing, foreign, cut short or absurd.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return _parse(_Cursor(file, size), size)
    except FileNotFoundError as error:
        raise InvalidModelFile(str(path), "missing") from error
    except OSError as error:
        raise InvalidModelFile(str(path), "unreadable") from error
    except _Problem as error:
        raise InvalidModelFile(str(path), error.problem) from error


class _Problem(Exception):
    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class _Cursor:
    """Reads a file forward, a block at a time, never past its end or a header's bound."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._block = b""
        self._at = 0  # in the block
        self._start = 0  # of the block in the file

    @property
    def position(self) -> int:
        return self._start + self._at

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        self._need(count)
        taken = self._block[self._at : self._at + count]
        self._at += count
        return taken

    def skip(self, count: int) -> None:
        """Passes over bytes without keeping them."""
        if self._at + count <= len(self._block):
            self._at += count
            return
        target = self.position + count
        self._check(target)
        self._file.seek(target)
        self._block, self._at, self._start = b"", 0, target

    def scalar(self, layout: str) -> int | float | bool:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def count(self, limit: int) -> int:
        """An unsigned 64 bit number that must not exceed a limit."""
        number = int.from_bytes(self.take(8), "little")
        if number > limit:
            raise _Problem("absurd_header")
        return number

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def text(self, limit: int = MAX_NAME_BYTES) -> str:
        return self.take(self.count(limit)).decode("utf-8", "replace")

    def skip_texts(self, items: int) -> None:
        """Passes over that many strings: a vocabulary, so this is worth being quick."""
        for _ in range(items):
            at = self._at
            end = at + 8
            if end > len(self._block):
                self._need(8)
                at = self._at
                end = at + 8
            length = int.from_bytes(self._block[at:end], "little")
            self._at = end
            if length > MAX_HEADER_BYTES:
                raise _Problem("absurd_header")
            self.skip(length)

    def _need(self, count: int) -> None:
        if self._at + count <= len(self._block):
            return
        self._check(self.position + count)
        rest = self._block[self._at :]
        self._start += self._at
        self._block = rest + self._file.read(max(_READ_BYTES, count - len(rest)))
        self._at = 0
        if len(self._block) < count:  # it shrank while we read
            raise _Problem("truncated")

    def _check(self, position: int) -> None:
        if position > MAX_HEADER_BYTES:
            raise _Problem("absurd_header")
        if position > self._size:
            raise _Problem("truncated")


def _parse(cursor: _Cursor, size: int) -> GgufHeader:
    if size == 0:
        raise _Problem("empty")
    if size < len(MAGIC) or cursor.take(4) != MAGIC:
        raise _Problem("not_gguf")
    version = cursor.u32()
    if version not in (2, 3):  # version 1 is from before models were shared so; else big endian
        raise _Problem("unsupported_version")
    tensors = cursor.count(MAX_TENSORS)
    keys = cursor.count(MAX_KEYS)
    values: dict[str, Scalar] = {}
    for _ in range(keys):
        name = cursor.text()
        value = _read_value(cursor, cursor.u32())
        if value is not None:
            values[name] = value
    alignment = values.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
        raise _Problem("absurd_header")
    parameters, largest_type, data_bytes = _read_tensors(cursor, tensors)
    start = -(-cursor.position // alignment) * alignment
    if start + data_bytes > size:
        raise _Problem("truncated")
    return _facts(values, size, parameters, largest_type)


def _read_value(cursor: _Cursor, kind: int) -> Scalar | None:
    """A value; None for an array, which is checked and passed over."""
    if kind == _STRING:
        length = cursor.count(MAX_HEADER_BYTES)
        if length > MAX_KEPT_STRING:
            cursor.skip(length)
            return None
        return cursor.take(length).decode("utf-8", "replace")
    if kind == _ARRAY:
        item_kind = cursor.u32()
        items = cursor.count(MAX_ARRAY_ITEMS)
        if item_kind == _STRING:
            cursor.skip_texts(items)
        elif item_kind in _SCALARS:
            cursor.skip(items * struct.calcsize(_SCALARS[item_kind]))
        else:  # arrays of arrays occur in no model
            raise _Problem("absurd_header")
        return None
    if kind not in _SCALARS:
        raise _Problem("absurd_header")
    return cursor.scalar(_SCALARS[kind])


def _read_tensors(cursor: _Cursor, tensors: int) -> tuple[int, str, int]:
    """Elements of all tensors, the type most of them have, and the bytes they need."""
    parameters = 0
    data_bytes = 0
    elements_by_type: Counter[str] = Counter()
    for _ in range(tensors):
        cursor.text()
        dimensions = cursor.u32()
        if dimensions > MAX_DIMENSIONS:
            raise _Problem("absurd_header")
        elements = 1
        for _ in range(dimensions):
            elements *= cursor.count(1 << 48)
        if elements > 1 << 48:
            raise _Problem("absurd_header")
        kind = cursor.u32()
        offset = cursor.count(1 << 56)
        # A type newer than this list: its size is unknown, so only its start is checked.
        name, block, block_bytes = _TENSOR_TYPES.get(kind, ("unknown", 1, 0))
        parameters += elements
        elements_by_type[name] += elements
        data_bytes = max(data_bytes, offset + -(-elements // block) * block_bytes)
    commonest = elements_by_type.most_common(1)
    return parameters, commonest[0][0] if commonest else "", data_bytes


def _facts(values: dict[str, Scalar], size: int, parameters: int, largest_type: str) -> GgufHeader:
    def text(key: str) -> str:
        value = values.get(key)
        return value if isinstance(value, str) else ""

    def number(key: str) -> int:
        value = values.get(key)
        return value if isinstance(value, int) else 0

    architecture = text("general.architecture")
    file_type = values.get("general.file_type")
    quantization = _FILE_TYPES.get(file_type) if isinstance(file_type, int) else None
    kind = text("general.type")
    talks = (
        parameters > 0
        and architecture not in ("", *_NOT_TALKING)
        and kind in ("", "model")
        and f"{architecture}.block_count" in values
    )
    return GgufHeader(
        architecture=architecture,
        title=text("general.name"),
        bytes=size,
        parameters=parameters,
        quantization=quantization or largest_type,
        trained_context=number(f"{architecture}.context_length"),
        licence=text("general.license"),
        template=text("tokenizer.chat_template") or None,
        splits=max(1, number("split.count")),
        generates_text=talks,
    )
