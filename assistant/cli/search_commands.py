"""`studiolo search …`."""

from __future__ import annotations

import textwrap
from argparse import Namespace

import msgspec

from assistant.assistant import Assistant
from assistant.cli.batch import run_batch
from assistant.cli.console import DONE, Console
from assistant.places import cited_name, place_text
from indexing.types import SearchResult

Reference = int | str


class SearchLine(msgspec.Struct, frozen=True):
    """One line of a batch."""

    query: str
    id: object = None
    k: int = 10
    document: Reference | list[Reference] | None = None
    collection: str | None = None


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Search once or for each line of a batch; return the exit status."""

    def answer(line: SearchLine) -> SearchResult:
        return assistant.search(
            line.query, line.k, document_ids(assistant, line.document), line.collection
        )

    if arguments.batch is not None:
        return run_batch(console, arguments.batch, SearchLine, answer)
    result = answer(
        SearchLine(
            arguments.query,
            k=arguments.k,
            document=list(arguments.document),
            collection=arguments.collection,
        )
    )
    if console.json:
        console.document(result)
        return DONE
    for hit in result.hits:
        place = assistant.catalog.place_of(hit.document, hit.start, hit.end)
        where = place_text(hit.page, place)
        name = cited_name(hit.path, hit.title)
        title = f"{name}, {where}" if where else name
        console.print(f"{hit.rank}. {title}  [{hit.document}:{hit.start}-{hit.end}]")
        console.print(textwrap.indent(textwrap.shorten(hit.text, 400, placeholder=" …"), "   "))
    if not result.hits:
        console.note("Nothing was found.")
    return DONE


def document_ids(
    assistant: Assistant, references: Reference | list[Reference] | None
) -> list[int] | None:
    """Return the ids of documents named as `Catalog.document` takes it; None for none named.

    Raises:
        DocumentNotFound: One of them is not in the library, or several go by that name.
    """
    if references is None:
        return None
    if not isinstance(references, list):
        references = [references]
    return [assistant.catalog.document(reference).id for reference in references] or None
