"""`studiolo index reranker`: what has the last word on the first hits of a search."""

from __future__ import annotations

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, Console, table
from assistant.wording import bytes_text


class _Reranker(msgspec.Struct, frozen=True):
    """A cross-encoder as it is listed; the field names are a contract."""

    name: str
    status: str
    bytes: int


class _Rerankers(msgspec.Struct, frozen=True):
    rerankers: list[_Reranker]


def run(assistant: Assistant, console: Console, name: str | None, none: bool) -> int:
    """List the cross-encoders, change to one, or do without; return the exit status."""
    if name is not None or none:
        assistant.rerankers.choose(None if none else name)
        if not console.json:
            said = "Nothing" if none else name
            console.print(f"{said} has the last word on the first hits of a search now.")
            return DONE
    found = [
        _Reranker(one.name, "in_use" if one.in_use else "installed", one.bytes)
        for one in assistant.rerankers.list()
    ]
    if console.json:
        console.document(_Rerankers(found))
    elif found:
        rows = [(one.status.replace("_", " "), bytes_text(one.bytes), one.name) for one in found]
        console.print(table(rows, ("STATUS", "SIZE", "NAME")))
    else:
        console.note("There is none. 'studiolo models catalogue' shows some that can be had.")
    return DONE
