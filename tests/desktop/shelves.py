"""Pictures of the library, the sources and the models, with all that can happen to a file."""

from __future__ import annotations

import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import papers
import scenes
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QAbstractItemView

from assistant.answering.types import Citation
from assistant.assistant import Assistant
from assistant.paths import DataPaths
from desktop.app import Window
from models.files import FileProgress

if TYPE_CHECKING:
    from screens import Studio

QUOTES = (
    "is paid by bank transfer to the account of the landlord",
    "All other repairs are borne by the landlord",
)


def shoot(studio: Studio, root: Path) -> None:
    """Take all of them."""
    if not any(studio.wanted_of(name) for name in ("library", "source", "models")):
        return
    paths = DataPaths(root).create()
    cited = fill(paths, root / "mine")
    window = studio.window(paths)
    studio.settle(until=lambda: len(window.session.documents.rows) >= 6)
    studio.settle(until=lambda: window.session.models.state == "ready")
    shoot_library(studio, window, root / "mine")
    shoot_sources(studio, window, cited)
    shoot_models(studio, window)
    window.main.close()
    window.close()


def fill(paths: DataPaths, mine: Path) -> list[Citation]:
    """Index good files and bad ones; return citations of one of them."""
    scenes.link_models(paths, "SmolLM2-135M-Instruct.Q4_1.gguf")
    (paths.models / "half-a-model.gguf").write_bytes(b"GGUF\x03\x00")
    leases = mine / "Leases"
    leases.mkdir(parents=True)
    lease = papers.lease(leases / "lease.pdf")
    papers.long(leases / "house-rules.pdf", 18)
    (leases / "second-copy.pdf").write_bytes(lease.read_bytes())
    (leases / "cellar-plan.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    papers.write_pdf(mine / "old-contract.pdf", [[papers.RENT]], password="secret")
    (mine / "notes.md").write_text(scenes.LEASE, encoding="utf-8")
    with zipfile.ZipFile(mine / "court-papers.zip", "w") as court:
        court.write(papers.long(leases / "statement.pdf", 6), "statements/statement.pdf")
        court.writestr("brief.md", scenes.RULES)
        court.writestr("exhibits/plan.docx", b"damaged")
    (leases / "statement.pdf").unlink()
    letter = EmailMessage()
    letter["From"], letter["Subject"] = "Anna Berg <anna@example.org>", "Papers for the flat"
    letter.set_content("The keys are with Mrs Vandermeer.")
    letter.add_attachment("Two keys, one for the cellar.", filename="keys.txt")
    letter.add_attachment("room,metres\nhall,9\n", subtype="csv", filename="rooms.csv")
    (mine / "letter.eml").write_bytes(letter.as_bytes())
    assistant = Assistant(paths)
    archive = mine / "Archive"
    archive.mkdir()
    (archive / "minutes.md").write_text(scenes.LEASE, encoding="utf-8")
    assistant.folders.watch(str(leases)).result(120)
    assistant.folders.watch(str(archive)).result(120)
    assistant.add_documents([str(mine)]).result(120)
    archive.rename(mine.with_name("elsewhere"))
    ids = {Path(r.path).name: r.id for r in assistant.catalog.documents()}
    assistant.collections.put("Moving house", [ids["lease.pdf"], ids["notes.md"]])
    assistant.collections.put("Taxes 2025", [ids["notes.md"], ids["house-rules.pdf"]])
    row = next(r for r in assistant.catalog.documents() if r.path == str(lease))
    text = assistant.catalog.text(row.id)
    cited: list[Citation] = []
    for n, quote in enumerate(QUOTES, 1):
        at = text.index(quote)
        page = assistant.catalog.page_of(row.id, at)
        end = at + len(quote)
        cited.append(Citation(n, row.id, row.path, row.title, page, at, end, quote))
    assistant.close()
    return cited


def shoot_library(studio: Studio, window: Window, mine: Path) -> None:
    """The library at rest, filtered to nothing, and while files are added."""
    session, main = window.session, window.main
    assert session.assistant is not None
    worker = session.assistant.index.worker
    main.show_page("library")
    folders = session.library.folders
    studio.settle(until=lambda: len(folders.folders) == 2)
    studio.settle(until=lambda: any(folders.state(one.id).unavailable for one in folders.folders))
    studio.shoot(window, "library")
    held = next(n for n, entry in enumerate(session.library.entries) if entry.within)
    holder = main._library._list.lines.index(held - 1)
    at_top = QAbstractItemView.ScrollHint.PositionAtTop
    studio.shoot(window, "library-within", lambda: main._library._list.scrollTo(holder, at_top))
    leases = next(one for one in folders.folders if one.path.endswith("Leases"))
    folders._missing = {leases.id: frozenset(leases.documents)}
    folders.moved.emit()
    studio.shoot(window, "library-missing")
    folders._missing = {}
    folders.moved.emit()
    lines = {session.library.row(e.document or 0): n for n, e in enumerate(session.library.entries)}
    for row, line in lines.items():
        if row is not None and row.collections:
            index = main._library._list.lines.index(line)
            flag = QItemSelectionModel.SelectionFlag
            main._library._list.selectionModel().select(index, flag.Select | flag.Rows)
    studio.shoot(window, "library-selected")
    main._library._list.clearSelection()
    session.library.set_collection("Taxes 2025")
    studio.shoot(window, "library-collection")
    session.library.set_collection("")
    main._library._filter.setText("no such paper")
    studio.shoot(window, "library-nothing-found")
    main._library._filter.clear()

    def is_embedding() -> bool:
        stages = [session.library.progress(row.id) for row in session.documents.rows]
        return any(p is not None and p.stage == "embedding" and p.done for p in stages)

    def hold(_: object) -> None:
        if is_embedding():
            worker.pause_background()

    session.documents.progressed.connect(hold)
    papers.long(mine / "handbook.pdf", 300)
    (mine / "plan.txt").write_text("Paint the hall. " * 400, encoding="utf-8")
    session.library.add([str(mine / "handbook.pdf"), str(mine / "plan.txt")])
    studio.settle(until=is_embedding)
    studio.shoot(window, "library-adding")
    session.documents.progressed.disconnect(hold)
    worker.resume_background()
    studio.settle(until=lambda: not session.documents.adding)
    row = session.documents.rows[0]
    studio.shoot(window, "library-removed", lambda: session.library.remove([row.id]))
    main._snackbar._on_action()
    main._ask_about("Taxes 2025")
    session.composer.attach_document(row)
    session.composer.attach_collection("Gone by now")
    studio.shoot(window, "library-asked")
    session.composer.detach_all()


def shoot_sources(studio: Studio, window: Window, cited: list[Citation]) -> None:
    """A citation on its page, near to, and in the text."""
    session, main = window.session, window.main
    main.show_page("chat")
    session.source.set_view("page")
    session.source.open_citations(cited, 0)
    main._show_source()
    panel = main._source
    assert panel is not None
    studio.settle(until=lambda: panel.page_view.image is not None)
    studio.shoot(window, "source-page")
    session.source.set_zoom(2.0)
    studio.settle(0.5)
    panel.page_view._on_to_mark()
    studio.shoot(window, "source-zoomed")
    session.source.set_zoom(1.0)
    panel._as_text.click()
    studio.shoot(window, "source-text")
    panel._as_both.click()
    studio.settle(until=lambda: panel.page_view.image is not None)
    studio.shoot(window, "source-both")
    main._close_source()


def shoot_models(studio: Studio, window: Window) -> None:
    """The models, and one on its way in."""
    session, main = window.session, window.main
    main.show_page("models")
    session.models.refresh()
    studio.settle()
    studio.shoot(window, "models")
    progress = FileProgress(460_000_000, 1_100_000_000)
    session.imports.progressed.emit(progress)
    main._models._import.show_progress("qwen3-4b-instruct.gguf", progress)
    studio.shoot(window, "models-adding")
