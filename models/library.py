"""The library: the model files in one folder, with their facts, without llama.cpp.

The folder is the truth: what lies in it is in the library, whoever put it there. Removed
files wait in a hidden folder beside them, so that removing can be undone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import msgspec

from models.errors import ImportFailed, InvalidModelFile, ModelNotFound
from models.gguf_header import GgufHeader, read_header

SUFFIX = ".gguf"
TRASH = ".trash"
_PART_SUFFIX = ".part"
_COPY_BYTES = 8 * 1024 * 1024
# Left free on the disk after an import: conversations must still be saved.
_SPARE_BYTES = 256 * 1024 * 1024


class ModelFacts(msgspec.Struct, frozen=True):
    """A model as the library lists it.

    Attributes:
        name: Its file's name, by which it is called.
        path: Where the file is.
        title: The name its makers gave it; empty when they gave none.
        bytes: Size of the file.
        architecture: llama.cpp's name of its kind, such as "qwen2".
        parameters: How many it has; 0 when the file cannot be read.
        quantization: Such as "Q4_K_M".
        trained_context: Context it was trained for, in tokens; 0 when it does not say.
        licence: As the file states it; empty when it does not.
        has_template: Whether it brings its own chat template.
        problem: Why it cannot be used, a word of `InvalidModelFile.problem`; None if it can.
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


class ImportProgress(msgspec.Struct, frozen=True, tag=True):
    """How much of a file is copied, in bytes."""

    done: int
    total: int


class ModelLibrary:
    """The GGUF files of a folder.

    Args:
        folder: Where they lie; it is made when something is first put there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Reading a vocabulary's header takes a moment: once for each state of a file.
        self._read: dict[tuple[str, int, int], ModelFacts] = {}

    def list(self) -> list[ModelFacts]:
        """All models by name, those that cannot be used included, with the reason."""
        try:
            entries = [p for p in self._folder.iterdir() if p.suffix.lower() == SUFFIX]
        except FileNotFoundError:
            return []
        facts: list[ModelFacts] = []
        for path in sorted(entries, key=lambda p: p.name.casefold()):
            with contextlib.suppress(FileNotFoundError):  # removed while we look
                facts.append(self._facts(path))
        return facts

    def info(self, name: str) -> ModelFacts:
        """Facts of one model, named by its file with or without the suffix.

        Raises:
            ModelNotFound: There is no such file.
        """
        return self._facts(self._path(name))

    def import_file(self, path: str) -> Generator[ImportProgress, None, ModelFacts]:
        """Copies a model file into the library; whole or not at all.

        A file whose very bytes are there already is not copied again; another file of the
        same name gets a number.

        Raises:
            InvalidModelFile: It is not a model that can be used; nothing is copied.
            ImportFailed: The disk is full or cannot be written.
        """
        source = Path(path)
        header = read_header(source)
        if not header.generates_text:
            raise InvalidModelFile(path, "not_a_language_model")
        if header.splits > 1:
            raise InvalidModelFile(path, "split")
        name = source.name if source.suffix.lower() == SUFFIX else f"{source.name}{SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if source.resolve().parent == self._folder.resolve():
                return self._facts(source)
            target = self._folder / name
            if target.exists() and (yield from _same_bytes(source, target)):
                return self._facts(target)
            free = shutil.disk_usage(self._folder).free
            if free < header.bytes + _SPARE_BYTES:
                raise ImportFailed(path, "disk_full", header.bytes + _SPARE_BYTES, free)
            target = _free_name(target)
            part = target.with_name(target.name + _PART_SUFFIX)
            try:
                yield from _copy(source, part, header.bytes)
                # What arrived is what counts: the source may have changed on the way.
                read_header(part)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise ImportFailed(path, "not_writable") from error
        return self._facts(target)

    def remove(self, name: str) -> str:
        """Moves a model out of the library; returns the token that `restore` takes.

        Raises:
            ModelNotFound: There is no such file.
        """
        path = self._path(name)
        trash = self._folder / TRASH
        trash.mkdir(exist_ok=True)
        kept = _free_name(trash / path.name)
        path.replace(kept)
        return kept.name

    def restore(self, token: str) -> ModelFacts:
        """Undoes a removal.

        Raises:
            ModelNotFound: The trash does not hold it any more.
        """
        kept = self._folder / TRASH / token
        if Path(token).name != token or not kept.is_file():
            raise ModelNotFound(token)
        target = _free_name(self._folder / token)
        kept.replace(target)
        return self._facts(target)

    def empty_trash(self) -> int:
        """Deletes removed models for good; returns the bytes freed."""
        freed = 0
        for kept in (self._folder / TRASH).glob("*"):
            size = kept.stat().st_size
            with contextlib.suppress(OSError):  # in use on Windows: it stays for the next time
                kept.unlink()
                freed += size
        return freed

    def _path(self, name: str) -> Path:
        for candidate in (name, f"{name}{SUFFIX}"):
            # A name is a name: never a way out of the folder.
            if Path(candidate).name == candidate and candidate.lower().endswith(SUFFIX):
                path = self._folder / candidate
                if path.is_file():
                    return path
        raise ModelNotFound(name)

    def _facts(self, path: Path) -> ModelFacts:
        status = path.stat()
        key = (path.name, status.st_size, status.st_mtime_ns)
        facts = self._read.get(key)
        if facts is None or facts.path != str(path):
            facts = self._read[key] = _read_facts(path, status)
        return facts


def _read_facts(path: Path, status: os.stat_result) -> ModelFacts:
    try:
        header = read_header(path)
    except InvalidModelFile as error:
        return ModelFacts(
            name=path.name,
            path=str(path),
            title="",
            bytes=status.st_size,
            architecture="",
            parameters=0,
            quantization="",
            trained_context=0,
            licence="",
            has_template=False,
            problem=error.problem,
        )
    return ModelFacts(
        name=path.name,
        path=str(path),
        title=header.title,
        bytes=header.bytes,
        architecture=header.architecture,
        parameters=header.parameters,
        quantization=header.quantization,
        trained_context=header.trained_context,
        licence=header.licence,
        has_template=header.template is not None,
        problem=_unusable(header),
    )


def _unusable(header: GgufHeader) -> str | None:
    return None if header.generates_text else "not_a_language_model"


def _free_name(path: Path) -> Path:
    """The path itself, or with the first number that is free before its suffix."""
    candidate, number = path, 2
    while candidate.exists():
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return candidate


def _copy(source: Path, target: Path, total: int) -> Generator[ImportProgress]:
    done = 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_COPY_BYTES):
            writer.write(block)
            done += len(block)
            yield ImportProgress(done=done, total=max(total, done))
        writer.flush()
        os.fsync(writer.fileno())


def _same_bytes(first: Path, second: Path) -> Generator[ImportProgress, None, bool]:
    """Whether two files are the same; stops at the first difference."""
    total = first.stat().st_size
    if second.stat().st_size != total:
        return False
    done = 0
    with first.open("rb") as one, second.open("rb") as other:
        while block := one.read(_COPY_BYTES):
            if block != other.read(_COPY_BYTES):
                return False
            done += len(block)
            yield ImportProgress(done=done, total=total)
    return True
