"""What counts as studied: what the model would really use, in every place that says so."""

from __future__ import annotations

import io
import json
from argparse import Namespace
from contextlib import closing
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.cli import study_command
from assistant.cli.console import DONE, Console
from assistant.errors import NotOneDocument
from assistant.paths import DataPaths
from assistant.settings import ModelSettings
from assistant.wording import explain
from indexing.database import connect
from indexing.store import DocumentStore
from indexing.types import Block, CanonicalDocument, Member
from tests.integration.studio import PATIENCE_S, Studio
from tests.library import put_document

pytestmark = [pytest.mark.model, pytest.mark.timeout(PATIENCE_S)]


def rents(euros: int, flats: int = 30) -> CanonicalDocument:
    """A document of some 14 tokens for each flat."""
    text = "\n\n".join(f"The rent of flat {n} is {n * euros} euros a month." for n in range(flats))
    return CanonicalDocument("Rents", "text", text, (Block(0, len(text), "paragraph", None, ()),))


@pytest.fixture
def assistant(data_dir, smollm_path):
    Studio(data_dir).install(model=smollm_path)
    with closing(Assistant(DataPaths(data_dir))) as assistant:
        assistant.settings.update(context_tokens=2048)
        yield assistant


def study(assistant: Assistant, document: int | None) -> dict:
    """What `studiolo study` prints, with a document or without one."""
    out = io.StringIO()
    name = None if document is None else str(document)
    arguments = Namespace(document=name, model=None, quota=None, forget=False)
    console = Console(json=True, out=out, err=io.StringIO())
    assert study_command.run(assistant, console, arguments) == DONE
    return json.loads(out.getvalue())


def listed(assistant: Assistant) -> list[int]:
    """The documents that are studied, by all that say so."""
    rows = [row["document"] for row in study(assistant, None)["documents"]]
    assert list(assistant.studies.studied()) == rows
    forecasts = [row.id for row in assistant.catalog.documents()
                 if assistant.forecast_study(row.id).studied]  # fmt: skip
    assert forecasts == rows
    return rows


def test_a_document_is_studied_only_where_what_was_read_would_be_used(
    assistant, data_dir, smollm_path, monkeypatch
):
    document = put_document(data_dir, rents(7), "/shelf/rents.txt")
    # How long it takes is known before anything was read, and where it does not fit what would.
    monkeypatch.setattr("assistant.studying._MEASURING_S", 2 * PATIENCE_S)
    forecast = assistant.forecast_study(document)
    assert forecast.seconds
    assert forecast.bytes > 0
    assert (forecast.fits, forecast.studied, forecast.known_tokens) == (True, False, 0)
    long = put_document(data_dir, rents(7, 200), "/shelf/long.txt")
    forecast = assistant.forecast_study(long)
    assert not forecast.fits
    assert forecast.tokens < forecast.needed_context <= forecast.trained_context
    name = smollm_path.name
    larger = {name: ModelSettings(context_tokens=forecast.needed_context)}
    assistant.settings.update(models=larger)
    assert assistant.forecast_study(long).fits
    assistant.settings.update(models={})
    put_document(data_dir, rents(9), "/shelf/other.txt")
    assert listed(assistant) == []
    done = study(assistant, document)
    assert listed(assistant) == [document]
    [row] = study(assistant, None)["documents"]
    assert row == {"document": document, "path": "/shelf/rents.txt", "title": "Rents",
                   "tokens": done["tokens"], "bytes": done["bytes"]}  # fmt: skip

    # Another kind of KV cache, other words around the documents: neither can use what was read.
    template = "{% for m in messages %}{{ m.content }}\n{% endfor %}"
    for other in (ModelSettings(kv_type="q8_0"), ModelSettings(template=template)):
        assistant.settings.update(models={name: other})
        assert listed(assistant) == []
    assistant.settings.update(models={})
    assert listed(assistant) == [document]

    # Nor is it of use for what a document says now.
    assert put_document(data_dir, rents(8), "/shelf/rents.txt") == document
    assert listed(assistant) == []

    # Without a model in memory nothing is known to be, and none is loaded to find out.
    assistant.model.unload()
    assert assistant.studies.studied() == {}
    assert assistant.model.loaded is None

    # Somebody who wants the disk back gets it.
    arguments = Namespace(document=None, model=None, quota=0.5, forget=True)
    out = io.StringIO()
    console = Console(json=True, out=out, err=io.StringIO())
    assert study_command.run(assistant, console, arguments) == DONE
    assert json.loads(out.getvalue())["freed_bytes"] >= done["bytes"]
    states = assistant.studies.states
    assert (states.list(), states.quota_bytes) == ([], 500_000_000)


def test_of_an_archive_one_document_is_to_be_named(data_dir):
    archive = put_document(data_dir, rents(7), "/shelf/contracts.zip")
    with closing(connect(data_dir)) as connection:
        held = [Member(name, 9, name) for name in ("leases/rents.txt", "note.txt")]
        DocumentStore(connection).archives.put(archive, held, ())
    with closing(Assistant(DataPaths(data_dir))) as assistant:
        with pytest.raises(NotOneDocument) as caught:
            study(assistant, archive)
        # That is told before any model is loaded.
        assert assistant.model.state == "none"
    told = explain(caught.value)
    assert told.startswith("contracts.zip is not one document")
    assert told.endswith(f"such as {Path('/shelf/contracts.zip/leases/rents.txt')}.")
