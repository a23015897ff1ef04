"""What is told about the hub and about downloads. Light to import: the app process does."""

from __future__ import annotations

from typing import Literal

import msgspec

Phase = Literal["asking", "downloading", "waiting", "checking"]


class HubResult(msgspec.Struct, frozen=True):
    """A repository that a search found.

    Attributes:
        repository: As the hub names it, "owner/name".
        downloads: How often it was downloaded in the last 30 days.
        likes: How many people marked it.
        licence: As the repository states it; empty where it does not.
        gated: Whether its makers want terms agreed to first.
        updated: Day of its last change, such as "2026-11-22"; empty where that is not told.
        parameters: How many the model has; 0 where that is not told.
        architecture: llama.cpp's name of the model's family; empty where that is not told.
    """

    repository: str
    downloads: int
    likes: int
    licence: str
    gated: bool
    updated: str
    parameters: int = 0
    architecture: str = ""


class HubFile(msgspec.Struct, frozen=True):
    """A file of a repository.

    Attributes:
        name: Its path in the repository.
        bytes: Its size.
        sha256: Its digest; empty where the hub does not say.
    """

    name: str
    bytes: int
    sha256: str


class HubModel(msgspec.Struct, frozen=True):
    """A model that can be downloaded: one file, or all parts of one that was split.

    Attributes:
        file: The file's path in the repository, of a split model the first part's.
        bytes: Size of its files together.
        files: All its files.
    """

    file: str
    bytes: int
    files: list[HubFile]


class HubRepository(msgspec.Struct, frozen=True):
    """A repository and the GGUF models in it.

    Attributes:
        repository: As the hub names it, "owner/name".
        revision: The commit that this is about.
        licence: As it states it; empty where it does not.
        gated: Whether its makers want terms agreed to first.
        models: By size.
    """

    repository: str
    revision: str
    licence: str
    gated: bool
    models: list[HubModel]


class DownloadProgress(msgspec.Struct, frozen=True, tag=True):
    """How far a download is.

    Attributes:
        phase: "asking" the hub what there is, "downloading", "waiting" to try once more after
            something went wrong, or "checking" what arrived.
        done: Bytes that are there, or checked.
        total: Bytes there will be; 0 before that is known.
        bytes_per_s: How fast it was in the last seconds; 0 before that is known.
        seconds_left: How long the rest of the phase takes at that speed; None before that is known.
    """

    phase: Phase
    done: int
    total: int
    bytes_per_s: float = 0.0
    seconds_left: float | None = None


class Pending(msgspec.Struct, frozen=True):
    """A download that is not finished, as it stands on the disk.

    Attributes:
        id: What it is called.
        repository: As the hub names it.
        revision: The commit it is taken from, so that what is added later fits what is there.
        file: The model's path in the repository.
        files: All its files.
        licence: As the repository states it.
        done: Bytes that are there.
        total: Bytes there will be.
    """

    id: str
    repository: str
    revision: str
    file: str
    files: list[HubFile]
    licence: str
    done: int = 0
    total: int = 0
