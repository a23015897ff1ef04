"""A header is believed in nothing that the file does not bear out."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import InvalidModelFile
from models.gguf_header import read_header
from tests.unit.models.conftest import ARRAY, KEYS, STRING, build, string, u32

HUGE = 2**63 - 1


def problem(path: Path) -> str:
    with pytest.raises(InvalidModelFile) as caught:
        read_header(path)
    assert caught.value.path == str(path)
    return caught.value.problem


def test_the_facts_of_a_file(make_gguf):
    header = read_header(make_gguf())
    assert header.architecture == "llama"
    assert header.title == "Tiny"
    assert header.licence == "mit"
    assert header.parameters == 128
    assert header.quantization == "F16"
    assert header.trained_context == 512
    assert header.template == "{{ messages }}"
    assert header.generates_text


def test_what_the_file_does_not_say_is_empty(make_gguf):
    keys = {"general.architecture": string("llama"), "llama.block_count": u32(1)}
    header = read_header(make_gguf(keys=keys, tensors=[("w", (32, 4), 2, 0)]))
    assert (header.title, header.licence, header.trained_context) == ("", "", 0)
    assert header.template is None
    assert header.quantization == "Q4_0"


@pytest.mark.model
def test_a_real_model(smollm_path):
    header = read_header(smollm_path)
    assert header.architecture == "llama"
    assert header.parameters == 134_515_008
    assert header.quantization == "Q4_1"
    assert header.trained_context == 8192
    assert header.licence == "apache-2.0"
    assert header.bytes == smollm_path.stat().st_size
    assert "im_start" in (header.template or "")


@pytest.mark.model
def test_a_real_model_cut_short_anywhere_is_noticed(smollm_path, tmp_path):
    size = smollm_path.stat().st_size
    with smollm_path.open("rb") as file:
        start = file.read(4 * 1024 * 1024)
    for kept in (3, 5, 20, 100, 5000, 500_000, len(start)):
        path = tmp_path / f"{kept}.gguf"
        path.write_bytes(start[:kept])
        assert problem(path) == ("not_gguf" if kept < 4 else "truncated")
    # The whole length but for the last tensor's end, without writing it all.
    path = tmp_path / "almost.gguf"
    path.write_bytes(start)
    with path.open("r+b") as file:
        file.truncate(size - 64)
    assert problem(path) == "truncated"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"GG", "not_gguf"),
        (b"Dear diary, this is a text with another suffix.\n" * 50, "not_gguf"),
        (b"PK\x03\x04" + b"\0" * 100, "not_gguf"),
        (b"GGUF", "truncated"),
        (b"GGUF" + struct.pack("<I", 3), "truncated"),
        (build(version=1), "unsupported_version"),
        (build(version=99), "unsupported_version"),
        (b"GGUF" + struct.pack(">IQQ", 3, 1, 1) + b"\0" * 64, "unsupported_version"),
        (build(tensor_count=HUGE), "absurd_header"),
        (build(key_count=HUGE), "absurd_header"),
        (build(tensor_count=60_000), "truncated"),
        (build({"x": (STRING, struct.pack("<Q", HUGE))}), "absurd_header"),
        (build({"x": (STRING, struct.pack("<Q", 5000))}), "truncated"),
        (build({"x": (ARRAY, struct.pack("<IQ", STRING, HUGE))}), "absurd_header"),
        (build({"x": (ARRAY, struct.pack("<IQ", STRING, 7_000_000))}, []), "truncated"),
        (build({"x": (ARRAY, struct.pack("<IQ", 10, 7_000_000))}), "truncated"),
        (build({"x": (ARRAY, struct.pack("<IQ", ARRAY, 5))}), "absurd_header"),
        (build({"x": (77, b"")}), "absurd_header"),
        (build({**KEYS, "general.alignment": u32(0)}), "absurd_header"),
        (build({**KEYS, "general.alignment": u32(3)}), "absurd_header"),
        (build({**KEYS, "general.alignment": string("32")}), "absurd_header"),
        (build(tensors=[("w", (2,) * 5, 0, 0)]), "absurd_header"),
        (build(tensors=[("w", (2**40, 2**40), 0, 0)]), "absurd_header"),
        (build(tensors=[("w", (32, 5), 1, 0)]), "truncated"),
        (build(tensors=[("w", (32, 4), 1, 64)]), "truncated"),
        (build(data=b""), "truncated"),
    ],
)
def test_wrong_files_are_told_apart(tmp_path, content, expected):
    path = tmp_path / "wrong.gguf"
    path.write_bytes(content)
    started = time.monotonic()
    assert problem(path) == expected
    assert time.monotonic() - started < 5


def test_a_missing_file_and_a_folder(tmp_path):
    assert problem(tmp_path / "none.gguf") == "missing"
    assert problem(tmp_path) == "unreadable"


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": {**KEYS, "general.type": string("mmproj")}},
        {"keys": {**KEYS, "general.type": string("adapter")}},
        {"keys": {**KEYS, "general.architecture": string("clip"), "clip.block_count": u32(1)}},
        {"keys": {**KEYS, "general.architecture": string("bert"), "bert.block_count": u32(1)}},
        {"keys": {}},
        {"tensors": []},
    ],
)
def test_files_that_cannot_answer_are_known(make_gguf, changes):
    assert not read_header(make_gguf(**changes)).generates_text


SOUND = build()


def facts_or_problem(path: Path) -> int | str:
    try:
        return read_header(path).bytes
    except InvalidModelFile as error:
        return error.problem


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.integers(4, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=6
    )
)
def test_any_damage_ends_in_facts_or_a_named_problem(tmp_path, edits):
    content = bytearray(SOUND)
    for at, value in edits:
        content[at] = value
    path = tmp_path / "damaged.gguf"
    path.write_bytes(content)
    assert facts_or_problem(path) in {
        len(content), "truncated", "absurd_header", "unsupported_version"
    }  # fmt: skip
