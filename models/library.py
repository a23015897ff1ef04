"""The library: the models on this machine, with their facts, without llama.cpp.

Its own folder is the truth about its own models: what lies in it is in the library, whoever put
it there. Models in folders that the person added and those of other programs are used where they
lie, and never changed. Removed files wait in a hidden folder beside the library's, so that
removing can be undone; what is not the library's own is only hidden.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from models.catalogue import entry_of
from models.errors import FolderNotUsable, ImportFailed, InvalidModelFile, ModelNotFound
from models.facts import ModelFacts, read_facts, read_model, stamp
from models.files import (
    IMPORTABLE,
    Checksum,
    FileProgress,
    check_file,
    copy_all,
    free_names,
    model_name,
    same_bytes,
)
from models.gguf_header import GgufHeader
from models.record import FactsCache, KnownModel, Origin, Record, RecordFile, origin_of
from models.sources import SUFFIX, Found, Place, Source, find, siblings
from models.titles import title_of
from models.trash import Trash

__all__ = ["ImportProgress", "ModelFacts", "ModelLibrary"]

ImportProgress = FileProgress
# Left free on the disk after an import or a download: conversations must still be saved.
SPARE_BYTES: Final = 256 * 1024 * 1024
# Before a token of `remove` that stands for a hidden model; no file is called so.
_HIDDEN = "hidden:"


class ModelLibrary:
    """The models of a folder, and those elsewhere. May be used from any thread.

    Args:
        folder: Where its own lie; it is made when something is first put there.
        other_places: Says which other programs' models there are; asked at each listing.
    """

    def __init__(
        self, folder: Path, other_places: Callable[[], Sequence[Place]] | None = None
    ) -> None:
        self._folder = folder
        self._other_places = other_places or (lambda: ())
        self._record = RecordFile(folder)
        self._trash = Trash(folder)
        self._cache = FactsCache(folder)

    # --- What there is ----------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """Studiolo's own folder of models."""
        return self._folder

    def list(self) -> list[ModelFacts]:
        """All models by source and name, those that cannot chat included, with the reason."""
        record = self._record.read()
        facts: list[ModelFacts] = []
        keys: set[str] = set()
        for name, found, source in self._all():
            if source != "library" and str(found.files[0]) in record.hidden:
                continue
            with contextlib.suppress(OSError):  # removed while we look
                facts.append(self._facts(name, found, source, record))
                keys.add(str(found.files[0]))
        self._cache.save(keys)
        return facts

    def info(self, name: str) -> ModelFacts:
        """Facts of one model.

        Args:
            name: As `list` says it, or the last part of that; the suffix may be left out. What the
                catalogue calls it will do where no model goes by that.

        Raises:
            ModelNotFound: There is no such model.
        """
        record = self._record.read()
        try:
            return self._facts(*self._named(name, record), record)
        except OSError as error:
            raise ModelNotFound(name) from error

    def header(self, facts: ModelFacts) -> GgufHeader | None:
        """What the headers of a model's files say together; None where one cannot be used."""
        files = tuple(map(Path, facts.files))
        try:
            known = self._cache.get(facts.path, stamp(files))
            if known is not None:
                return known.header
            return read_model(facts.name, Found(facts.name, files), facts.source)[1]
        except OSError:
            return None

    def places(self) -> list[Place]:
        """The folders that are looked into: the library's own, the person's, other programs'."""
        return self._places(self._record.read())

    def _places(self, record: Record) -> list[Place]:
        return [
            Place("library", str(self._folder)),
            *(Place("folder", folder) for folder in record.folders),
            *self._other_places(),
        ]

    def hidden(self) -> list[str]:
        """Files elsewhere that were removed from the list."""
        return list(self._record.read().hidden)

    # --- Folders ----------------------------------------------------------------------------

    def add_folder(self, path: str) -> Place:
        """Lists the models of a folder, and of those in it, from now on.

        Raises:
            FolderNotUsable: There is no such folder, it cannot be read, or it is the library's.
        """
        folder = Path(path).expanduser().absolute()
        if not folder.is_dir():
            raise FolderNotUsable(path, "missing")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise FolderNotUsable(path, "unreadable")
        if folder.resolve() == self._folder.resolve():
            raise FolderNotUsable(path, "library")
        place = Place("folder", str(folder))

        def add(record: Record) -> Record:
            folders = [*record.folders, place.folder]
            return msgspec.structs.replace(record, folders=list(dict.fromkeys(folders)))

        self._record.change(add)
        return place

    def remove_folder(self, path: str) -> None:
        """Lists the models of a folder no longer; the folder stays as it is.

        Raises:
            FolderNotUsable: It is none of the folders that were added.
        """
        self._record.change(lambda record: _without(record, path))

    def only_through(self, path: str) -> list[ModelFacts]:
        """The models that are found, under the names they have now, only while a folder is listed.

        Raises:
            FolderNotUsable: It is none of the folders that were added.
        """
        rest = _without(self._record.read(), path)
        # Another folder's model may have its number from a name that is taken in this one.
        kept = {(name, found.files[0]) for name, found, _ in self._all(self._places(rest))}
        return [one for one in self.list() if (one.name, Path(one.path)) not in kept]

    # --- Import -----------------------------------------------------------------------------

    def import_file(self, path: str) -> Generator[ImportProgress, None, ModelFacts]:
        """Copies a model into the library; whole or not at all.

        A model whose very bytes are there already is not copied again; another of the same name
        gets a number. Of a split model any part may be named. One that lies elsewhere and was
        removed from the list only comes back to it.

        Raises:
            InvalidModelFile: It is not a model; nothing is copied.
            ImportFailed: The disk is full or cannot be written.
        """
        source = Path(path)
        found = siblings(source)
        try:
            facts = read_facts(source.name, found, "library")
        except FileNotFoundError as error:
            raise InvalidModelFile(path, "missing") from error
        except OSError as error:
            raise InvalidModelFile(path, "unreadable") from error
        if facts.kind not in IMPORTABLE or facts.problem == "missing_part":
            raise InvalidModelFile(path, facts.problem or "not_a_language_model")
        shown = self._show_again(source)
        if shown is not None:
            return shown
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if source.resolve().parent == self._folder.resolve():
                return self.info(found.files[0].name)
            names = [model_name(file) for file in found.files]
            if all((self._folder / name).exists() for name in names):
                pairs = zip(found.files, names, strict=True)
                if (yield from same_bytes([(one, self._folder / two) for one, two in pairs])):
                    return self.info(names[0])
            free = shutil.disk_usage(self._folder).free
            if free < facts.bytes + SPARE_BYTES:
                raise ImportFailed(path, "disk_full", facts.bytes + SPARE_BYTES, free)
            targets = free_names(self._folder, names)
            yield from copy_all(found.files, targets, facts.bytes)
        except OSError as error:
            raise ImportFailed(path, "not_writable") from error
        return self.info(targets[0].name)

    def adopt(self, files: Sequence[Path], origins: Sequence[Origin]) -> ModelFacts:
        """Moves files that were downloaded beside the library into it, under names that are free.

        Args:
            files: Whole and checked, on the library's own disk; of a split model all parts.
            origins: Where each of them came from.

        Raises:
            OSError: They cannot be moved.
        """
        targets = free_names(self._folder, [Path(origin.file).name for origin in origins])

        def add(record: Record) -> Record:
            named = {target.name: origin for target, origin in zip(targets, origins, strict=True)}
            return msgspec.structs.replace(record, origins={**record.origins, **named})

        self._record.change(add)
        # The first part last: until it is there, nothing is listed as a model to use.
        for file, target in reversed(list(zip(files, targets, strict=True))):
            file.replace(target)
        return self.info(targets[0].name)

    # --- Checking ---------------------------------------------------------------------------

    def verify(self, name: str) -> Generator[FileProgress, None, list[Checksum]]:
        """Computes the SHA-256 of a model's files and compares it with what it should be.

        Raises:
            ModelNotFound: There is no such model, or a file of it went meanwhile.
        """
        facts = self.info(name)
        record = self._record.read()
        done = 0
        checksums: list[Checksum] = []
        try:
            for number, file in enumerate(map(Path, facts.files)):
                size = file.stat().st_size
                origin = origin_of(file.name, size, record) if facts.source == "library" else None
                # Of what lies elsewhere, the digest of the first file is all that may be known.
                expected = facts.sha256 if number == 0 else origin.sha256 if origin else ""
                checksums.append((yield from check_file(file, expected, done, facts.bytes)))
                done += size
        except OSError as error:
            raise ModelNotFound(name) from error
        return checksums

    # --- Removal ----------------------------------------------------------------------------

    def remove(self, name: str) -> str:
        """Takes a model out of the library; returns the token that `restore` takes.

        The library's own files are moved away, anything else is only hidden.

        Raises:
            ModelNotFound: There is no such model.
        """
        _, found, source = self._named(name, self._record.read())
        first = str(found.files[0])
        if source != "library":
            self._record.change(
                lambda record: msgspec.structs.replace(record, hidden=[*record.hidden, first])
            )
            return f"{_HIDDEN}{first}"
        return self._trash.put(found.files)

    def kept_at(self, token: str) -> Path:
        """Returns where a removed model's first file is, by the token that `remove` gave."""
        if token.startswith(_HIDDEN):
            return Path(token.removeprefix(_HIDDEN))
        return self._trash.path(token)

    def restore(self, token: str) -> ModelFacts:
        """Undoes a removal.

        Raises:
            ModelNotFound: It is not hidden, or the trash does not hold it any more.
        """
        if token.startswith(_HIDDEN):
            shown = self._show_again(Path(token.removeprefix(_HIDDEN)))
            if shown is None:
                raise ModelNotFound(token)
            return shown
        return self.info(self._trash.take_back(token).name)

    def removed(self) -> list[str]:
        """The tokens of all that `restore` brings back."""
        hidden = (f"{_HIDDEN}{file}" for file in self._record.read().hidden)
        return [*self._trash.tokens(), *hidden]

    def empty_trash(self) -> int:
        """Deletes removed models for good; returns the bytes freed."""
        return self._trash.empty()

    # --- Inside -----------------------------------------------------------------------------

    def _show_again(self, file: Path) -> ModelFacts | None:
        """Lists a hidden model again; None where it is not hidden."""
        first = str(siblings(file).files[0].absolute())
        if first not in self._record.read().hidden:
            return None
        record = self._record.change(
            lambda record: msgspec.structs.replace(
                record, hidden=[each for each in record.hidden if each != first]
            )
        )
        for name, found, source in self._all():
            if str(found.files[0]) == first:
                return self._facts(name, found, source, record)
        return None

    def _named(self, name: str, record: Record) -> tuple[str, Found, Source]:
        # Its own first, without looking through other programs' folders.
        wanted = {name, f"{name}{SUFFIX}"}
        for found in find(Place("library", str(self._folder))):
            if found.name in wanted:
                return found.name, found, "library"
        if not name.strip("./\\"):
            raise ModelNotFound(name)
        shown = [
            each
            for each in self._all()
            if each[2] == "library" or str(each[1].files[0]) not in record.hidden
        ]
        ways: Sequence[Callable[[str, Found], bool]] = (
            lambda whole, _: whole in wanted,
            lambda whole, _: whole.rpartition("/")[2] in wanted,
            lambda _, found: _catalogue_name(found) == name.lower(),
        )
        for goes_by in ways:
            for each in shown:
                if goes_by(each[0], each[1]):
                    return each
        raise ModelNotFound(name)

    def _all(self, places: Sequence[Place] | None = None) -> Iterator[tuple[str, Found, Source]]:
        """All models, hidden ones included, by names that differ; a file linked twice once."""
        names: set[str] = set()
        files: set[tuple[int, int]] = set()
        for place in self.places() if places is None else places:
            prefix = {"library": "", "folder": f"{Path(place.folder).name}/"}.get(
                place.source, f"{place.source}/"
            )
            for found in find(place):
                try:
                    status = found.files[0].stat()
                except OSError:
                    continue
                if (status.st_dev, status.st_ino) in files:
                    continue
                files.add((status.st_dev, status.st_ino))
                name, number = f"{prefix}{found.name}", 2
                while name in names:
                    name, number = f"{prefix}{found.name} ({number})", number + 1
                names.add(name)
                yield name, found, place.source

    def _facts(self, name: str, found: Found, source: Source, record: Record) -> ModelFacts:
        known = self._known(name, found, source)
        facts, first = known.facts, found.files[0]
        origin = origin_of(first.name, known.stamp[0][0], record) if source == "library" else None
        if origin is not None:
            facts = msgspec.structs.replace(
                facts,
                repository=origin.repository,
                sha256=origin.sha256,
                licence=facts.licence or origin.licence,
            )
        # What its header says is kept; what it is called may have changed since.
        projector = str(found.projector) if found.projector is not None else None
        title = title_of(name, facts.title, entry_of(facts.path, facts.sha256))
        return msgspec.structs.replace(
            facts, name=name, title=title, source=source, projector=projector
        )

    def _known(self, name: str, found: Found, source: Source) -> KnownModel:
        """What was read of a model's files, now or before."""
        key, state = str(found.files[0]), stamp(found.files)
        known = self._cache.get(key, state)
        if known is None:
            known = KnownModel(state, *read_model(name, found, source))
            self._cache.put(key, known)
        return known


def _without(record: Record, path: str) -> Record:
    """Leave one of the person's folders out; raises FolderNotUsable where it is none of them."""
    known = path if path in record.folders else str(Path(path).expanduser().absolute())
    if known not in record.folders:
        raise FolderNotUsable(path, "not_added")
    folders = [each for each in record.folders if each != known]
    return msgspec.structs.replace(record, folders=folders)


def _catalogue_name(found: Found) -> str | None:
    entry = entry_of(str(found.files[0]), found.sha256)
    return entry.name if entry is not None else None
