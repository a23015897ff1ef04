"""What a model is, from the first bytes of its file on the hub: before it is downloaded."""

from __future__ import annotations

import io

import msgspec

from models.downloads.hub import Hub, model_of
from models.errors import DownloadFailed, InvalidModelFile
from models.gguf_header import GgufHeader, parse_header

# Headers take 1 to 20 MB, most of it vocabulary.
_FIRST_BYTES = 2 * 1024 * 1024
_MOST_BYTES = 64 * 1024 * 1024


def peek_header(hub: Hub, repository: str, file: str) -> GgufHeader:
    """Reads the header of a model that lies on the hub, and no more of it than that takes.

    Args:
        hub: Where it lies.
        repository: As the hub names it.
        file: The model's path in it; of a split model any part's.

    Raises:
        DownloadFailed: The hub does not give it, or it is no model. It names no file, as none was
            to be downloaded.
    """
    try:
        return _peek(hub, repository, file)
    except DownloadFailed as error:
        raise DownloadFailed(
            repository, "", error.problem, retry_after_s=error.retry_after_s
        ) from error


def _peek(hub: Hub, repository: str, file: str) -> GgufHeader:
    there = hub.repository(repository, file)
    model = model_of(there, file)
    first = model.files[0]
    begun = bytearray()
    enough = _FIRST_BYTES
    with hub.open(repository, there.revision, first.name, 0) as (_, blocks):
        for block in blocks:
            begun += block
            if len(begun) < min(enough, first.bytes):
                continue
            try:
                header = parse_header(io.BytesIO(begun), first.bytes, first.name)
                # Of a split model all parts take memory.
                return msgspec.structs.replace(header, bytes=model.bytes)
            except InvalidModelFile as error:
                if error.problem != "truncated" or len(begun) >= min(_MOST_BYTES, first.bytes):
                    raise DownloadFailed(repository, file, "not_a_model") from error
            enough *= 2
    raise DownloadFailed(repository, file, "connection_lost")
