"""Models are called what people call them, whatever their makers wrote into the file."""

from __future__ import annotations

import pytest

from models.catalogue import find_entry
from models.library import ModelLibrary
from models.titles import title_of
from tests.unit.models.conftest import KEYS, build, string


@pytest.mark.parametrize(
    ("name", "own", "title"),
    [
        # Makers' names stay, without the format at their end.
        ("a.gguf", "Qwen2.5 Coder 0.5B Instruct AWQ", "Qwen2.5 Coder 0.5B Instruct"),
        ("a.gguf", "Qwen2.5_Coder-GGUF", "Qwen2.5 Coder"),
        ("a.gguf", "Gpt Oss 20b", "Gpt Oss 20b"),
        ("a.gguf", "Mix of Experts 2x7B", "Mix of Experts 2x7B"),
        # Names of a training run, of a folder or of nothing give way to the file's.
        (
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "Smollm2 135M 8k Lc100K Mix1 Ep2",
            "SmolLM2 135M Instruct",
        ),
        ("Llama-3.2-1B-Instruct-Q4_K_M.gguf", "models", "Llama 3.2 1B Instruct"),
        ("phi-4-00001-of-00003.gguf", "snapshots/9f1b", "phi 4"),
        ("mine/Qwen3-30B-A3B.i1-IQ2_XXS.gguf", "", "Qwen3 30B A3B"),
        ("ollama/llama3.2:3b", "", "llama3.2 3b"),
        ("gemma-3-1b-it-BF16.gguf", "0123456789abcdef0123456789abcdef01234567", "gemma 3 1b it"),
        # Where a file's name says nothing either, something is better than nothing.
        ("Q4_K_M.gguf", "", "Q4 K M"),
        (".gguf", "Run Ep2", "Run Ep2"),
    ],
)
def test_a_title_is_cleaned(name, own, title):
    assert title_of(name, own, None) == title


def test_a_file_of_the_catalogue_is_called_as_it_is_there(tmp_path):
    entry = find_entry("granite-3.3-2b")
    odd = {**KEYS, "general.name": string("Granite Run Ep3")}
    (tmp_path / entry.file).write_bytes(build(keys=odd))
    (tmp_path / "granite-mine-Q8_0.gguf").write_bytes(build(keys=odd))
    titles = {facts.name: facts.title for facts in ModelLibrary(tmp_path).list()}
    assert titles == {entry.file: "Granite 3.3 2B", "granite-mine-Q8_0.gguf": "granite mine"}
