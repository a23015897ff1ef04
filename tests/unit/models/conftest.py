"""GGUF files made byte by byte, so that they can be wrong in any way."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Value = tuple[int, bytes]

U32 = 4
STRING = 8
ARRAY = 9


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def string(value: str) -> Value:
    return STRING, text(value)


def u32(value: int) -> Value:
    return U32, struct.pack("<I", value)


def strings(values: Sequence[str]) -> Value:
    return ARRAY, struct.pack("<IQ", STRING, len(values)) + b"".join(text(v) for v in values)


KEYS: dict[str, Value] = {
    "general.architecture": string("llama"),
    "general.name": string("Tiny"),
    "general.license": string("mit"),
    "general.file_type": u32(1),
    "llama.block_count": u32(1),
    "llama.context_length": u32(512),
    "tokenizer.ggml.tokens": strings(["a", "b", "é"]),
    "tokenizer.chat_template": string("{{ messages }}"),
}


def build(
    keys: dict[str, Value] | None = None,
    tensors: Sequence[tuple[str, Sequence[int], int, int]] = (("w", (32, 4), 1, 0),),
    *,
    data: bytes = b"\0" * 256,
    magic: bytes = b"GGUF",
    version: int = 3,
    tensor_count: int | None = None,
    key_count: int | None = None,
) -> bytes:
    keys = KEYS if keys is None else keys
    out = magic + struct.pack(
        "<IQQ",
        version,
        len(tensors) if tensor_count is None else tensor_count,
        len(keys) if key_count is None else key_count,
    )
    for name, (kind, value) in keys.items():
        out += text(name) + struct.pack("<I", kind) + value
    for name, shape, kind, offset in tensors:
        out += text(name) + struct.pack("<I", len(shape))
        out += b"".join(struct.pack("<Q", n) for n in shape)
        out += struct.pack("<IQ", kind, offset)
    return out + b"\0" * (-len(out) % 32) + data


@pytest.fixture
def make_gguf(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tiny GGUF file, or one wrong as told: a name and `build`'s arguments."""

    def make(name: str = "tiny.gguf", **changes: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(build(**changes))  # type: ignore[arg-type]
        return path

    return make
