"""A header is believed in nothing that the file does not bear out."""

from __future__ import annotations

import struct
import time
import tracemalloc
from pathlib import Path

import gguf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import InvalidModelFile
from models.gguf_header import read_header
from models.gguf_tables import (
    EMBEDDING_ARCHITECTURES,
    FILE_TYPES,
    POOLING_RANK,
    TENSOR_TYPES,
)
from tests.unit.models.conftest import ARRAY, KEYS, STRING, U32, build, string, strings, u32

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
    started = time.process_time()
    assert problem(path) == expected
    assert time.process_time() - started < 5


def test_a_missing_file_and_a_folder(tmp_path):
    assert problem(tmp_path / "none.gguf") == "missing"
    assert problem(tmp_path) == "unreadable"


KINDS = {
    "chat": {},
    "projector": {"general.type": string("mmproj")},
    "adapter": {"general.type": string("adapter")},
    "embedding": {"general.architecture": string("bert"), "bert.block_count": u32(1)},
    "reranker": {"general.architecture": string("bert"), "bert.pooling_type": u32(4)},
    "part": {"split.no": u32(1), "split.count": u32(2)},
    "other": {"general.architecture": string("dream"), "dream.block_count": u32(1)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_file_is_for_is_known(make_gguf, kind):
    header = read_header(make_gguf(keys={**KEYS, **KINDS[kind]}))
    assert header.kind == kind
    assert header.generates_text == (kind == "chat")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"keys": {**KEYS, "general.architecture": string("clip")}}, "projector"),
        ({"keys": {**KEYS, "llama.pooling_type": u32(3)}}, "embedding"),
        ({"tensors": [("cls.output.weight", (32, 4), 1, 0)]}, "reranker"),
        ({"keys": {**KEYS, "general.type": string("imatrix")}}, "other"),
        ({"keys": {}}, "other"),
        ({"tensors": []}, "other"),
    ],
)
def test_older_and_odd_files_are_known_too(make_gguf, changes, kind):
    assert read_header(make_gguf(**changes)).kind == kind


def test_languages_hyperparameters_and_vocabulary(make_gguf):
    heads = (ARRAY, struct.pack("<IQ", U32, 3) + struct.pack("<III", 8, 2, 8))
    header = read_header(
        make_gguf(
            keys={
                **KEYS,
                "general.languages": strings(["en", "de"]),
                "llama.attention.head_count_kv": heads,
            }
        )
    )
    assert header.languages == ["en", "de"]
    assert header.vocabulary == 3
    assert header.hyperparameters == {
        "block_count": 1,
        "context_length": 512,
        "attention.head_count_kv": [8, 2, 8],
    }


@pytest.mark.parametrize(
    "value", [u32(4_000_000_000), string("many"), (10, struct.pack("<Q", HUGE)), strings(["2"])]
)
@pytest.mark.parametrize("name", ["block_count", "context_length", "expert_count"])
def test_a_model_of_absurd_shape_never_reaches_llama_cpp(tmp_path, name, value):
    path = tmp_path / "absurd.gguf"
    path.write_bytes(build({**KEYS, f"llama.{name}": value}))
    assert problem(path) == "absurd_header"


# --- Against the reference implementation ------------------------------------------------------


def test_types_are_as_llama_cpp_defines_them():
    assert {
        int(kind): (kind.name, *sizes) for kind, sizes in gguf.GGML_QUANT_SIZES.items()
    } == TENSOR_TYPES
    named = {int(kind): kind.name for kind in gguf.LlamaFileType if kind.name != "GUESSED"}
    assert set(FILE_TYPES) == set(named)
    for number, name in FILE_TYPES.items():
        assert named[number].removeprefix("MOSTLY_").removeprefix("ALL_").startswith(name)
    known = set(gguf.MODEL_ARCH_NAMES.values())
    assert known >= EMBEDDING_ARCHITECTURES
    assert int(gguf.PoolingType.RANK) == POOLING_RANK


@pytest.mark.model
def test_a_real_model_reads_as_with_the_reference_reader(smollm_path):
    reader = gguf.GGUFReader(smollm_path)
    header = read_header(smollm_path)
    assert header.parameters == sum(int(tensor.n_elements) for tensor in reader.tensors)
    assert header.template == reader.fields["tokenizer.chat_template"].contents()
    assert header.vocabulary == len(reader.fields["tokenizer.ggml.tokens"].data)
    assert header.hyperparameters == {
        name.removeprefix("llama."): field.contents()
        for name, field in reader.fields.items()
        if name.startswith("llama.")
    }


# --- Against ill will -----------------------------------------------------------------------------


PROBLEMS = {
    "empty", "not_gguf", "truncated", "absurd_header", "unsupported_version",
}  # fmt: skip
SOUND = build()


def facts_or_problem(path: Path, content: bytes) -> int | str:
    """What is made of a file, in little time and memory however it was made."""
    path.write_bytes(content)
    tracemalloc.start()
    try:
        return read_header(path).bytes
    except InvalidModelFile as error:
        return error.problem
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * 1024 * 1024


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=6
    )
)
def test_any_damage_ends_in_facts_or_a_named_problem(tmp_path, edits):
    content = bytearray(SOUND)
    for at, value in edits:
        content[at] = value
    found = facts_or_problem(tmp_path / "damaged.gguf", bytes(content))
    assert found in {len(content), *PROBLEMS}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_any_bytes_after_the_mark_end_so_too(tmp_path, content):
    head = b"GGUF" + struct.pack("<I", 3)
    found = facts_or_problem(tmp_path / "any.gguf", head + content)
    assert found in {len(head) + len(content), *PROBLEMS}


SIZES = st.one_of(
    st.integers(0, 8), st.sampled_from([2**16, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1])
)
NAMES = st.sampled_from(
    [
        "general.architecture", "general.type", "general.alignment", "general.file_type",
        "llama.block_count", "llama.context_length", "llama.pooling_type", "split.count",
        "split.no", "tokenizer.ggml.tokens", "tokenizer.chat_template", "x",
    ]
)  # fmt: skip


@st.composite
def values(draw: st.DrawFn) -> tuple[int, bytes]:
    """A value of any kind, with arrays in arrays, that claims to be as long as it likes."""
    kind = draw(st.integers(0, 14))
    if kind == ARRAY:
        inner, content = draw(values()) if draw(st.booleans()) else (U32, b"\1\0\0\0")
        return ARRAY, struct.pack("<IQ", inner, draw(SIZES)) + content * draw(st.integers(0, 3))
    if kind == STRING:
        return STRING, struct.pack("<Q", draw(SIZES)) + draw(st.binary(max_size=8))
    return kind, draw(st.binary(max_size=8))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.dictionaries(NAMES, values(), max_size=6),
    tensors=st.lists(
        st.tuples(
            st.sampled_from(["w", "cls.weight"]),
            st.lists(SIZES, max_size=6),
            st.integers(0, 50),
            SIZES,
        ),
        max_size=3,
    ),
    counts=st.tuples(st.none() | SIZES, st.none() | SIZES),
)
def test_headers_that_lie_end_so_too(tmp_path, keys, tensors, counts):
    keys = {**KEYS, **keys} if counts[0] is None else keys
    content = build(keys, tensors, tensor_count=counts[0], key_count=counts[1])
    found = facts_or_problem(tmp_path / "lying.gguf", content)
    assert found in {len(content), *PROBLEMS}


def test_deep_nesting_is_no_way_to_exhaust_the_stack(tmp_path):
    nested = struct.pack("<IQ", U32, 1) + b"\0" * 4
    for _ in range(5000):
        nested = struct.pack("<IQ", ARRAY, 1) + nested
    path = tmp_path / "deep.gguf"
    assert facts_or_problem(path, build({**KEYS, "x": (ARRAY, nested)})) == "absurd_header"


def test_much_that_would_be_kept_is_refused(tmp_path):
    # As many texts as would fill the memory, each small enough to be kept.
    texts = {f"x{number}": string("y" * 1_000_000) for number in range(12)}
    path = tmp_path / "much.gguf"
    path.write_bytes(build({**KEYS, **texts}))
    assert problem(path) == "absurd_header"
