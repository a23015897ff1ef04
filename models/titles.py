"""What a model is called where people read it."""

from __future__ import annotations

import re
from typing import Final

from models.catalogue import CatalogueEntry

# Makers append the file's format to the name, or that of what they converted.
_FORMAT: Final = re.compile(r"[\s._-]+(gguf|awq|gptq|hf)$", re.IGNORECASE)
# Words that name the training run or the folder that a file was made from, and no model.
_RUN: Final = re.compile(
    r"\b(ep\d+|epoch\W?\d+|mix\d+|lc\d+k|ckpt|checkpoint|(step|iter)\W?\d+|snapshots?|[0-9a-f]{16,})\b"
    r"|/|^(models?|output|merged|final|hf|out|tmp)$",
    re.IGNORECASE,
)
# The end of a file's name: its part of several, its quantization, its suffix.
_PART: Final = re.compile(r"-\d{5}-of-\d{5}$")
_QUANTIZATION: Final = re.compile(
    r"[\s._-]+((i1|ud)-)?(i?q\d\w*|t?q\d_\d|bf16|fp?16|fp?32|mxfp4\w*)$", re.IGNORECASE
)
_SUFFIX: Final = re.compile(r"\.gguf$", re.IGNORECASE)


def title_of(name: str, own: str, entry: CatalogueEntry | None) -> str:
    """Returns what a model is called: as the catalogue has it, else as its makers have.

    Its file's name takes the place of a makers' name that tells of their training run.

    Args:
        name: What the library calls it.
        own: What its file says; "" where it says nothing.
        entry: What the catalogue has of it; None for nothing.
    """
    if entry is not None:
        return entry.title
    own = _spaced(_FORMAT.sub("", own.strip()))
    return own if own and not _RUN.search(own) else _of_file(name) or own or name


def _of_file(name: str) -> str:
    """Returns what a file's name says without its technical end."""
    stem = _PART.sub("", _SUFFIX.sub("", name.rpartition("/")[2]))
    stem = _FORMAT.sub("", _QUANTIZATION.sub("", stem))
    return _spaced(re.sub(r"[-:]", " ", stem))


def _spaced(text: str) -> str:
    return " ".join(text.replace("_", " ").split())
