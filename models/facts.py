"""What is known of a model without loading it: the facts that the library lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from models.errors import InvalidModelFile
from models.gguf_header import GgufHeader, ModelKind, read_header
from models.sources import Found, Source

# Why a sound file of a kind cannot chat.
_KIND_PROBLEMS: Final[dict[ModelKind, str | None]] = {
    "chat": None,
    "embedding": "embedding",
    "reranker": "reranker",
    "projector": "projector",
    "adapter": "adapter",
    "part": "missing_part",
    "other": "not_a_language_model",
}


class ModelFacts(msgspec.Struct, frozen=True):
    """A model as the library lists it.

    Attributes:
        name: What it is called, unique in the library: its file's name, or for one that lies
            elsewhere the source and its name there, such as "ollama/llama3.2:3b".
        path: The file to load; of a split model the first.
        title: What it is called where people read it; see `models.titles`.
        bytes: Size of its files together.
        architecture: llama.cpp's name of its family, such as "qwen2".
        parameters: How many it has; 0 when the file cannot be read.
        quantization: Such as "Q4_K_M".
        trained_context: Context it was trained for, in tokens; 0 when it does not say.
        licence: As the file states it; empty when it does not.
        has_template: Whether it brings its own chat template.
        problem: Why it cannot chat, a word of `InvalidModelFile.problem`; None if it can.
        kind: What it is for; a file that cannot be read is "other".
        source: Where it lies; all but "library" are used in place and never changed.
        files: All its files.
        languages: Codes of the languages it is meant for, as far as it says.
        projector: A vision projector that lies beside it; None without one.
        repository: The hub's repository it was downloaded from; empty where that is not known.
        sha256: What its first file's SHA-256 should be; empty where that is not known.
    """

    name: str
    path: str
    title: str
    bytes: int
    architecture: str
    parameters: int
    quantization: str
    trained_context: int
    licence: str
    has_template: bool
    problem: str | None = None
    kind: ModelKind = "other"
    source: Source = "library"
    files: list[str] = []
    languages: list[str] = []
    projector: str | None = None
    repository: str = ""
    sha256: str = ""


def read_facts(name: str, found: Found, source: Source) -> ModelFacts:
    """Reads what a model's files say of it; see `read_model`."""
    return read_model(name, found, source)[0]


def read_model(name: str, found: Found, source: Source) -> tuple[ModelFacts, GgufHeader | None]:
    """Reads what a model's files say of it.

    Returns:
        The facts, and what the headers of all its files say together; None where one of them
        cannot be used.

    Raises:
        FileNotFoundError: One of the files is gone.
    """
    size = sum(file.stat().st_size for file in found.files)
    facts = ModelFacts(
        name=name,
        path=str(found.files[0]),
        title="",
        bytes=size,
        architecture="",
        parameters=0,
        quantization="",
        trained_context=0,
        licence="",
        has_template=False,
        source=source,
        files=[str(file) for file in found.files],
        projector=str(found.projector) if found.projector is not None else None,
        repository=found.repository,
        sha256=found.sha256,
    )
    try:
        headers = [read_header(file) for file in found.files]
    except InvalidModelFile as error:
        return msgspec.structs.replace(facts, problem=error.problem), None
    header = _together(headers)
    complete = len(found.files) == found.expected == header.splits
    facts = msgspec.structs.replace(
        facts,
        title=header.title,
        architecture=header.architecture,
        parameters=header.parameters,
        quantization=header.quantization,
        trained_context=header.trained_context,
        licence=header.licence,
        has_template=header.template is not None,
        languages=header.languages,
        kind=header.kind,
        problem=_KIND_PROBLEMS[header.kind] if complete else "missing_part",
    )
    return facts, header


def _together(headers: Sequence[GgufHeader]) -> GgufHeader:
    """Returns the header of a split model's first file, with the weights of all of them."""
    first = headers[0]
    matrices: Counter[str] = Counter()
    for header in headers:
        matrices.update(header.matrix_bytes)
    return msgspec.structs.replace(
        first,
        bytes=sum(header.bytes for header in headers),
        parameters=sum(header.parameters for header in headers),
        matrix_bytes=dict(matrices),
    )


def stamp(files: tuple[Path, ...]) -> list[tuple[int, int]]:
    """Returns what tells files from others put in their place: sizes and times in ns.

    Raises:
        OSError: One of them cannot be looked at.
    """
    states = [file.stat() for file in files]
    return [(state.st_size, state.st_mtime_ns) for state in states]
