"""What a person reads where llama.cpp refuses a model: the cause, and what to do about it."""

from __future__ import annotations

import pytest

from assistant.wording import WINDOW, explain
from models.errors import LoadFailed

HEAD = "llama_model_load: error loading model: "


@pytest.mark.parametrize(
    ("detail", "told", "untold"),
    [
        (f"{HEAD}unknown model architecture: 'newt5'", "family “newt5”", "memory"),
        ("llama_init_from_model: failed to initialize the context: std::bad_alloc", "memory", "“"),
        ("ggml_aligned_malloc: failed to allocate 99 MB", "smaller context", "“"),
        (
            f"{HEAD}check_tensor_dims: tensor 'blk.30.attn_norm.weight' not found",
            "It says: “check_tensor_dims: tensor 'blk.30.attn_norm.weight' not found”.",
            "memory",
        ),
        (f"{HEAD}error loading model hyperparameters: invalid n_rot", "“invalid n_rot”", "memory"),
        ("", "cannot use this file. Get it again", "says"),
    ],
)
def test_a_load_that_failed_tells_its_cause(detail, told, untold):
    for sentence in (
        explain(LoadFailed("/models/New.gguf", detail)),
        explain(LoadFailed("/models/New.gguf", detail), WINDOW),
    ):
        assert sentence.startswith("The model New.gguf could not be loaded: ")
        assert told in sentence
        assert untold not in sentence
