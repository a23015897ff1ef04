"""Sentences for all that can go wrong with the model hub and with downloads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from assistant.sentences.facts import Facts, bytes_text

PROBLEMS: Final[dict[str, str]] = {
    "offline": "the model hub cannot be reached. Check the internet connection and any proxy, then "
    "try again.",
    "connection_lost": "the connection broke off again and again. Try again when it is better.",
    "server": "the model hub has a problem of its own. Try again later.",
    "gated": "its makers ask you to agree to their terms first. Do that on its page of the model "
    "hub ({repository}), then give Studiolo your access token in the variable HF_TOKEN.",
    "token_rejected": "the model hub does not accept the access token. Make a new one there, and "
    "set it in the variable HF_TOKEN.",
    "repository_not_found": "the model hub has no {repository}, or it is private. Check its name.",
    "file_not_found": "{repository} has no such file, or no longer. {files}",
    "rate_limited": "the model hub asks for a pause{pause}. Try again after it.",
    "no_checksum": "the model hub does not say how to check it. Get it from another repository.",
    "wrong_checksum": "what arrived is not what the model hub announced, so it was deleted. Try "
    "again; if it stays, get the model from another repository.",
    "not_a_model": "what arrived cannot be used as a model, so it was deleted. Get the model from "
    "another repository.",
    "disk_full": "it needs {needed} and the disk has {free} free. {room}",
    "not_writable": "the models folder may not be written to. Check its permissions. {folder}",
    "busy": "another window or command of Studiolo is downloading it. Wait for that one.",
}
# What is said where nothing was to be downloaded yet.
_LOOKED_UP: Final[dict[str, str]] = {
    "not_a_model": "its file cannot be used as a model. Get the model from another repository.",
}
# After these a download goes on from its bytes.
_KEPT: Final = frozenset({"offline", "connection_lost", "server", "rate_limited", "disk_full"})


def _download_failed(facts: Facts) -> str:
    file, repository = str(facts.get("file") or ""), str(facts.get("repository") or "")
    kind = str(facts.get("problem"))
    seconds = float(str(facts.get("retry_after_s") or 0))
    problems = PROBLEMS if file else PROBLEMS | _LOOKED_UP
    problem = problems.get(kind, "something went wrong. Try again.").format(
        repository=repository,
        pause=f" of {seconds:.0f} seconds" if seconds else "",
        needed=bytes_text(float(str(facts.get("needed_bytes") or 0))),
        free=bytes_text(float(str(facts.get("free_bytes") or 0))),
        room=facts.ways.use_other_disk,
        folder=facts.ways.see_data_folder,
        files=facts.ways.see_hub_files,
    )
    if not file:
        return f"{repository or 'The model hub'} could not be looked up: {problem}"
    kept = " What has arrived is kept." if kind in _KEPT else ""
    return f"{PurePath(file).name} was not downloaded: {problem}{kept}"


DOWNLOAD_SENTENCES: Final[dict[str, Callable[[Facts], str]]] = {"DownloadFailed": _download_failed}
