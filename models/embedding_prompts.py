"""What an embedding model wants in front of texts, by `resources/embedding_prompts.toml`.

A GGUF file does not say it, and a model that misses it finds clearly less.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

PROMPTS_FILE = Path(__file__).resolve().parents[1] / "resources" / "embedding_prompts.toml"


class EmbeddingPrompts(msgspec.Struct, frozen=True):
    """What stands in front of a query, and of a passage."""

    query: str = ""
    passage: str = ""


class _Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    query: str = ""
    passage: str = ""


class _File(msgspec.Struct, frozen=True):
    family: list[_Family]


def prompts_of(*names: str) -> EmbeddingPrompts:
    """Returns the prompts of a model by what it is called, such as its title and its file's name.

    Raises:
        OSError, ValueError: The list cannot be read, which only a broken installation brings about.
    """
    families = msgspec.convert(tomllib.loads(PROMPTS_FILE.read_text("utf-8")), _File).family
    called = [re.sub(r"[\s_.]+", "-", name.lower()) for name in names]
    for family in families:
        if any(family.name in name for name in called):
            return EmbeddingPrompts(family.query, family.passage)
    return EmbeddingPrompts()
