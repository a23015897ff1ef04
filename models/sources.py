"""Where models lie on this machine: the person's own folders, and those of other programs.

Nothing here opens a model, follows a link twice or writes anything: it only says which files
belong to one model and what the program that put them there calls it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

Source = Literal["library", "folder", "lmstudio", "jan", "gpt4all", "ollama", "huggingface"]

SUFFIX = ".gguf"

# LM Studio keeps publisher/repository/file; people sort deeper. Beyond it is no models folder.
_MAX_DEPTH = 6
_MAX_ENTRIES = 50_000
_MAX_SETTINGS_BYTES = 1024 * 1024

_SPLIT = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHA256 = "sha256:"
_OLLAMA_HOST = "registry.ollama.ai"
_OLLAMA_NAMESPACE = "library"


class Place(msgspec.Struct, frozen=True):
    """A folder in which models lie.

    Attributes:
        source: Whose folder it is.
        folder: Its path.
    """

    source: Source
    folder: str


@dataclass(frozen=True)
class Found:
    """The files of one model.

    Attributes:
        name: What it is called in its place, such as a path in it.
        files: Its files in order; llama.cpp is given the first.
        expected: How many files it should have.
        projector: A vision projector that belongs to it.
        repository: The hub's repository it is from, where that can be told.
        sha256: What its first file's digest should be, where that can be told.
    """

    name: str
    files: tuple[Path, ...]
    expected: int = 1
    projector: Path | None = None
    repository: str = ""
    sha256: str = ""


def find(place: Place) -> list[Found]:
    """Find the models of a place, by name; what cannot be read is left out."""
    folder = Path(place.folder)
    match place.source:
        case "ollama":
            models = _ollama(folder)
        case "huggingface":
            models = _huggingface(folder)
        case "library":
            models = group(_entries(folder))
        case "jan":
            models = [_named_by_folder(model) for model in _tree(folder)]
        case _:
            models = _tree(folder)
    return sorted(models, key=lambda model: model.name.casefold())


def group(files: list[Path], root: Path | None = None) -> list[Found]:
    """Put the files of one folder together into models.

    Args:
        files: GGUF files of one folder.
        root: Where names begin; the files' own folder without it.
    """
    projectors = [file for file in files if "mmproj" in file.name.lower()]
    projector = projectors[0] if root is not None and len(projectors) == 1 else None
    models: list[Found] = []
    splits: dict[tuple[str, int], dict[int, Path]] = {}
    for file in files:
        split = split_of(file.name)
        if split is not None:
            stem, number, count = split
            splits.setdefault((stem, count), {})[number] = file
            continue
        name = file.relative_to(root).as_posix() if root is not None else file.name
        models.append(Found(name, (file,), projector=None if file in projectors else projector))
    for (_, count), parts in splits.items():
        ordered = tuple(parts[number] for number in sorted(parts))
        name = ordered[0].relative_to(root).as_posix() if root is not None else ordered[0].name
        models.append(Found(name, ordered, count, projector))
    return models


def split_of(name: str) -> tuple[str, int, int] | None:
    """Returns what a file's name says of a split model: stem, number from 1, and how many parts."""
    split = _SPLIT.fullmatch(name)
    if split is None or int(split["count"]) < 2:
        return None
    return split["stem"], int(split["number"]), int(split["count"])


def first_part(name: str) -> str:
    """Returns the name of the first part of the split model that a file is a part of, else its own.

    Args:
        name: A file's name, or a path that ends with it.
    """
    split = split_of(name)
    if split is None:
        return name
    head, _, tail = name.rpartition(f"-{split[1]:05}-of-")
    return f"{head}-00001-of-{tail}"


def siblings(file: Path) -> Found:
    """Find what belongs together with a file: the other parts of a split model, else nothing."""
    if split_of(file.name) is None:
        return Found(file.name, (file,))
    try:
        beside = [path for path in file.parent.iterdir() if _is_model(path)]
    except OSError:
        beside = [file]
    for model in group(beside):
        if file in model.files:
            return model
    return Found(file.name, (file,))


def renamed(file: Path, addition: str) -> str:
    """Add to a file's name before what llama.cpp reads from it: part numbers and suffix."""
    split = split_of(file.name)
    if split is not None:
        return file.name.replace(split[0], split[0] + addition, 1)
    return f"{file.stem}{addition}{file.suffix}"


# --- Folders of files -------------------------------------------------------------------------


def _is_model(path: Path) -> bool:
    # GPT4All calls a download so until it is whole.
    return path.suffix.lower() == SUFFIX and not path.name.startswith((".", "incomplete-"))


def _entries(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if _is_model(path)]
    except OSError:
        return []


def _tree(root: Path) -> list[Found]:
    models: list[Found] = []
    for folder, files in _walk(root):
        # Files side by side in the root need not belong together.
        models += group(files, root) if folder != root else group(files)
    return models


def _walk(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Go through a tree of folders, links to folders included but none twice."""
    waiting = [(root, 0)]
    seen: set[tuple[int, int]] = set()
    entries = 0
    while waiting:
        folder, depth = waiting.pop()
        files: list[Path] = []
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            for path in sorted(folder.iterdir()):
                entries += 1
                if entries > _MAX_ENTRIES:
                    return
                if _is_model(path):
                    files.append(path)
                elif depth < _MAX_DEPTH and not path.name.startswith(".") and path.is_dir():
                    waiting.append((path, depth + 1))
        except OSError:
            pass  # what could be read before counts
        if files:
            yield folder, files


def _named_by_folder(model: Found) -> Found:
    """Call a model by its folder, as Jan does, whose files are all called model.gguf."""
    folder, _, file = model.name.rpartition("/")
    if folder and file == "model.gguf":
        return Found(folder, model.files, model.expected, model.projector)
    return model


# --- Stores of other programs ---------------------------------------------------------------


class _Layer(msgspec.Struct):
    mediaType: str  # noqa: N815 - so it is called in the file
    digest: str


class _Manifest(msgspec.Struct):
    layers: list[_Layer] = []


# Made at import: msgspec is not safe where several threads use a type for the first time.
_manifest = msgspec.json.Decoder(_Manifest)


def _ollama(folder: Path) -> list[Found]:
    """Models as Ollama keeps them: a manifest for each name, which points to blobs by digest."""
    models: list[Found] = []
    for path in _files_below(folder / "manifests"):
        try:
            manifest = _manifest.decode(small_text(path))
        except msgspec.MsgspecError:
            continue
        digests = {
            layer.mediaType.partition(";")[0].rpartition(".")[2]: layer.digest.removeprefix(
                "sha256:"
            )
            for layer in reversed(manifest.layers)
        }
        model = _blob(folder, digests.get("model", ""))
        if model is None:
            continue
        name = _ollama_name(path.relative_to(folder / "manifests").parts)
        projector = _blob(folder, digests.get("projector", ""))
        models.append(Found(name, (model,), projector=projector, sha256=digests["model"]))
    return models


def _blob(folder: Path, digest: str) -> Path | None:
    blob = folder / "blobs" / f"sha256-{digest}"
    try:
        # Only a digest is looked up, never a way to somewhere else.
        return blob if _DIGEST.fullmatch(digest) and blob.is_file() else None
    except OSError:
        return None  # another user's


def _ollama_name(parts: tuple[str, ...]) -> str:
    *path, tag = parts
    if path[:1] == [_OLLAMA_HOST]:
        path = path[1:]
        if path[:1] == [_OLLAMA_NAMESPACE]:
            path = path[1:]
    return f"{'/'.join(path)}:{tag}"


def _huggingface(folder: Path) -> list[Found]:
    """Models of the Hugging Face cache: for each repository its snapshots, made of links."""
    models: dict[str, Found] = {}
    try:
        repositories = sorted(folder.glob("models--*"))
    except OSError:
        return []
    for repository in repositories:
        name = repository.name.removeprefix("models--").replace("--", "/", 1)
        newest = first_line(repository / "refs" / "main")
        snapshots = sorted(
            (repository / "snapshots").glob("*"), key=lambda path: (path.name != newest, path.name)
        )
        for snapshot in snapshots:
            for found in _models_of(snapshot):
                first = found.files[0]
                target = first.resolve().name if first.is_symlink() else ""
                models.setdefault(
                    f"{name}/{found.name}",
                    Found(
                        f"{name}/{found.name}",
                        found.files,
                        found.expected,
                        found.projector,
                        repository=name,
                        sha256=target if _DIGEST.fullmatch(target) else "",
                    ),
                )
    return [model for model in models.values() if all(file.exists() for file in model.files)]


def _models_of(snapshot: Path) -> list[Found]:
    return [model for _, files in _walk(snapshot) for model in group(files, snapshot)]


# --- Small files ---------------------------------------------------------------------------------


def _files_below(folder: Path) -> Iterator[Path]:
    for number, (parent, _, names) in enumerate(os.walk(folder)):
        if number > _MAX_ENTRIES:
            return
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(parent) / name


def small_text(path: Path) -> str:
    """Returns what a small file says; "" where it cannot be read or is not small."""
    try:
        if path.stat().st_size > _MAX_SETTINGS_BYTES:
            return ""
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def first_line(path: Path) -> str:
    """Returns the first line of a small file; "" where it cannot be read."""
    return small_text(path).strip().partition("\n")[0].strip()
