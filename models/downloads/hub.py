"""The Hugging Face hub, through `huggingface_hub`, which knows its endpoint, token and proxies.

Only the process that downloads imports this module.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import PurePosixPath
from typing import Any, cast

import httpx2
import huggingface_hub
from huggingface_hub import constants, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import HfApi, ModelInfo
from huggingface_hub.utils import (
    build_hf_headers,  # pyright: ignore[reportUnknownVariableType] - one of its arguments is a dict
    get_session,
    hf_raise_for_status,
    parse_ratelimit_headers,
)

from models.downloads.types import HubFile, HubModel, HubRepository, HubResult
from models.errors import DownloadFailed
from models.sources import SUFFIX, split_of

_PROGRAM = "studiolo"
_PARTIAL_CONTENT = 206
_NOT_ALLOWED = (401, 403)
_NOT_FOUND = 404
_TOO_MANY_REQUESTS = 429
_CONNECT_S = 10.0
# A server that says nothing for so long is taken for gone.
_SILENCE_S = 20.0
_EXPAND = ["cardData", "downloads", "gated", "gguf", "lastModified", "likes"]


class Hub:
    """Asks the hub. A process has one.

    Args:
        endpoint: Where it is; without it, where HF_ENDPOINT or the library says.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint or constants.ENDPOINT
        huggingface_hub.set_client_factory(_client)
        self._api = HfApi(endpoint=self._endpoint, library_name=_PROGRAM)

    def search(self, query: str, limit: int) -> list[HubResult]:
        """Find repositories with GGUF models, the most downloaded first.

        Raises:
            DownloadFailed: The hub cannot be asked.
        """
        # Not by HfApi.list_models, which for half a minute does not say that nobody answers.
        with _failures("", ""):
            response = get_session().get(
                f"{self._endpoint}/api/models",
                headers=build_hf_headers(library_name=_PROGRAM),
                params={
                    "search": query,
                    "filter": "gguf",
                    "sort": "downloads",
                    "limit": limit,
                    "expand": _EXPAND,
                },
            )
            hf_raise_for_status(response)
            return [_result(ModelInfo(**{"siblings": None, **row})) for row in response.json()]

    def repository(self, name: str, file: str = "") -> HubRepository:
        """Say which models a repository has, with sizes and digests.

        Args:
            name: As the hub names it.
            file: The file that this is for, if it is for one; a failure names it.

        Raises:
            DownloadFailed: There is none, or the hub cannot be asked.
        """
        with _failures(name, file):
            info = self._api.model_info(name, files_metadata=True, timeout=_SILENCE_S)
        return HubRepository(
            repository=name,
            revision=info.sha or "main",
            licence=_licence(info),
            gated=bool(info.gated),
            models=_models(info),
        )

    @contextlib.contextmanager
    def open(
        self, repository: str, revision: str, file: str, offset: int
    ) -> Generator[tuple[int, Iterator[bytes]]]:
        """Open a file of a repository to read it from `offset` on.

        Yields:
            Where its bytes really begin (0 with a server that knows no ranges), and the bytes.

        Raises:
            DownloadFailed: The hub does not give it, or breaks off.
        """
        url = hf_hub_url(repository, file, revision=revision, endpoint=self._endpoint)
        # Compressed, its bytes could not be counted.
        headers = build_hf_headers(library_name=_PROGRAM, headers={"Accept-Encoding": "identity"})
        if offset:
            headers["Range"] = f"bytes={offset}-"
        with (
            _failures(repository, file),
            get_session().stream("GET", url, headers=headers) as response,
        ):
            hf_raise_for_status(response)
            yield _beginning(response, offset), response.iter_raw()


def model_of(there: HubRepository, file: str) -> HubModel:
    """Return the model of a repository that a file is, or is a part of.

    Raises:
        DownloadFailed: The repository has no such file.
    """
    for model in there.models:
        if any(file == each.name for each in model.files):
            return model
    raise DownloadFailed(there.repository, file, "file_not_found")


def _client() -> httpx2.Client:
    # The library's own waits for ever, and not every call of it can be told otherwise. Nor is it
    # to heed the variables by which all other processes are kept off the hub.
    return httpx2.Client(event_hooks={"request": [_set_timeout]}, follow_redirects=True)


def _set_timeout(request: httpx2.Request) -> None:
    request.extensions["timeout"] = httpx2.Timeout(_SILENCE_S, connect=_CONNECT_S).as_dict()


def _beginning(response: httpx2.Response, offset: int) -> int:
    if response.status_code != _PARTIAL_CONTENT:
        return 0
    said = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(said) if said.isdecimal() else offset


def _result(info: ModelInfo) -> HubResult:
    gguf = cast("dict[str, object]", cast("Any", info).gguf or {})
    parameters, architecture = gguf.get("total"), gguf.get("architecture")
    return HubResult(
        repository=info.id,
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        licence=_licence(info),
        gated=bool(info.gated),
        updated=info.last_modified.date().isoformat() if info.last_modified else "",
        parameters=parameters if isinstance(parameters, int) else 0,
        architecture=architecture if isinstance(architecture, str) else "",
    )


def _licence(info: ModelInfo) -> str:
    card = info.card_data
    licence = card.get("license_name") or card.get("license") if card is not None else None
    return licence if isinstance(licence, str) else ""


def _models(info: ModelInfo) -> list[HubModel]:
    groups: dict[str, list[HubFile]] = {}
    for sibling in info.siblings or []:
        name = sibling.rfilename
        if not name.lower().endswith(SUFFIX):
            continue
        lfs = sibling.lfs
        size = lfs.size if lfs is not None else sibling.size
        file = HubFile(name, size or 0, lfs.sha256 if lfs is not None else "")
        split = split_of(PurePosixPath(name).name)
        # Parts of one model lie beside each other.
        key = f"{PurePosixPath(name).parent}/{split[0]}/{split[2]}" if split else name
        groups.setdefault(key, []).append(file)
    models = [
        HubModel(files[0].name, sum(file.bytes for file in files), files)
        for files in (sorted(group, key=lambda file: file.name) for group in groups.values())
    ]
    return sorted(models, key=lambda model: (model.bytes, model.file))


@contextlib.contextmanager
def _failures(repository: str, file: str) -> Generator[None]:
    """Turn what the libraries raise into what can be told to a person."""
    try:
        yield
    except HfHubHTTPError as error:
        raise _failure(repository, file, error) from error
    except HFValidationError as error:
        raise DownloadFailed(repository, file, "repository_not_found") from error
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
        raise DownloadFailed(repository, file, "offline") from error
    except httpx2.TransportError as error:
        raise DownloadFailed(repository, file, "connection_lost") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, KeyError, TypeError, ValueError) as error:
        # An answer that is none of the hub's, such as the page of a network that wants a login.
        raise DownloadFailed(repository, file, "server") from error


def _failure(repository: str, file: str, error: HfHubHTTPError) -> DownloadFailed:
    response = error.response
    status = response.status_code
    if status == _TOO_MANY_REQUESTS:
        seconds = _retry_after(response)
        return DownloadFailed(repository, file, "rate_limited", retry_after_s=seconds)
    problem = "server"
    if isinstance(error, GatedRepoError):
        problem = "gated"
    elif isinstance(error, RemoteEntryNotFoundError | RevisionNotFoundError):
        problem = "file_not_found"
    elif "Invalid credentials" in response.headers.get("X-Error-Message", ""):
        problem = "token_rejected"
    elif isinstance(error, RepositoryNotFoundError):
        problem = "repository_not_found"
    elif status in _NOT_ALLOWED:
        problem = "gated"
    elif status == _NOT_FOUND:
        problem = "file_not_found" if "/resolve/" in str(response.url) else "repository_not_found"
    return DownloadFailed(repository, file, problem)


def _retry_after(response: httpx2.Response) -> float:
    limit = parse_ratelimit_headers(response.headers)
    if limit is not None:
        return float(limit.reset_in_seconds)
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else 0.0
