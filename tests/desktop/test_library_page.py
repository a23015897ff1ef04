"""The library page, on a real index with real files."""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from pathlib import Path

import papers
import pytest
import scenes
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLabel

from assistant.assistant import Assistant
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.app import Window
from desktop.presenters.collections import CollectionsPresenter
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.library import LibraryPresenter
from desktop.presenters.settings import SettingsPresenter
from desktop.views.library_delegate import ROW
from desktop.views.library_list import LibraryList
from desktop.views.library_wording import overall_text, status_of
from desktop.views.password_sheet import PasswordSheet
from indexing.types import DocumentRow

pytestmark = [pytest.mark.gui, pytest.mark.model]


@pytest.fixture
def page(library_window):
    library_window.main.show_page("library")
    return library_window.main._library


def add(window, until, *paths, timeout_s=60):
    """Add files and wait until all of them have ended."""
    window.session.library.add([str(path) for path in paths])
    until(lambda: not window.session.documents.adding, timeout_s)
    listed = {str(path) for path in paths}
    until(lambda: listed <= {row.path for row in window.session.documents.rows})
    return {row.path: row for row in window.session.documents.rows}


def spoken(page):
    """What a screen reader says of each line."""
    lines = page._list.lines
    role = Qt.ItemDataRole.AccessibleTextRole
    return [lines.data(lines.index(n), role) for n in range(lines.rowCount())]


def count_of(window):
    """The number beside the library in the sidebar."""
    return window.main._sidebar._pages["library"]._aside.text()


def test_a_file_shows_its_way_to_ready(library_window, page, until, tmp_path):
    library = library_window.session.library
    seen: list[str] = []
    overall: list[str] = []

    def note():
        for entry in library.entries:
            row = library.row(entry.document) if entry.document else None
            if row is not None and row.path.endswith("matters.pdf"):
                seen.append(status_of(row, library.progress(row.id)).text)
        if library.overall is not None:
            overall.append(overall_text(library.overall))

    library.moved.connect(note)
    path = papers.long(tmp_path / "matters.pdf", 300)
    rows = add(library_window, until, path)
    assert rows[str(path)].status == "ready"
    until(lambda: seen[-1:] == ["ready"])
    # It goes forward only.
    first = next(n for n, text in enumerate(seen) if text.startswith("embedding"))
    assert "waiting" not in seen[first:]
    assert any(text.startswith("reading, page ") and " of 300" in text for text in seen), seen
    assert any(text.startswith("embedding, ") for text in seen), seen
    assert any("Adding 1 file" in text for text in overall), overall
    assert library.overall is None
    assert page._stop.isHidden()
    assert any(line.startswith("matters.pdf, ready, 300 pages") for line in spoken(page))
    until(lambda: count_of(library_window) == str(len(library_window.session.documents.rows)))


def test_what_fails_says_why_and_what_to_do(library_window, page, until, tmp_path):
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and nothing more")
    locked = papers.write_pdf(tmp_path / "locked.pdf", [[papers.RENT]], password="secret")
    rows = add(library_window, until, broken, locked)
    assert rows[str(broken)].status == rows[str(locked)].status == "failed"
    said = spoken(page)
    assert any(
        "locked.pdf is locked with a password. “Enter password…”" in line for line in said
    ), said
    assert any("broken.pdf could not be read: it is damaged" in line for line in said), said
    # A sentence has room: its row is taller than that of a short line when it must wrap.
    view = page._list
    library_window.main.resize(760, 600)
    until(lambda: view.viewport().width() < 560)
    entries = library_window.session.library.entries
    at = next(n for n, e in enumerate(entries) if e.document == rows[str(broken)].id)
    until(lambda: view.rowHeight(at) > ROW)
    library_window.main.resize(1280, 800)
    # Mended, it is read again from where it came.
    broken.write_bytes(papers.lease(tmp_path / "whole.pdf").read_bytes())
    library_window.session.library.read_again([rows[str(broken)].id])
    until(
        lambda: any(
            r.path == str(broken) and r.status == "ready"
            for r in library_window.session.documents.rows
        ),
        60,
    )


def test_a_locked_file_is_read_once_its_password_is_entered(
    library_window, page, until, qtbot, tmp_path
):
    locked = papers.write_pdf(tmp_path / "vault.pdf", [[papers.RENT]], password="secret")
    row = add(library_window, until, locked)[str(locked)]
    view, listed = page._list, library_window.session.library
    at = next(n for n, e in enumerate(listed.entries) if e.document == row.id)
    actions = dict(view._painter.actions(view.visualRect(view.lines.index(at)), row.id))
    assert "again" not in actions
    for password, status in (("guess", "failed"), ("secret", "ready")):
        view.acted.emit("password", [row.id])
        sheet = library_window.main.findChild(PasswordSheet)
        qtbot.keyClicks(sheet._field, password)
        assert password not in sheet._field.displayText()
        qtbot.keyClick(sheet._field, Qt.Key.Key_Return)
        until(lambda: not library_window.session.documents.adding)
        until(lambda status=status: listed.row(row.id).status == status)
    assert any(line.startswith("vault.pdf, ready") for line in spoken(page))


def test_removing_hides_at_once_and_can_be_undone(library_window, page, until, qtbot, tmp_path):
    session = library_window.session
    path = tmp_path / "unwanted.txt"
    path.write_text("Nobody wants these words any more.", encoding="utf-8")
    row = add(library_window, until, path)[str(path)]
    at = next(n for n, e in enumerate(session.library.entries) if e.document == row.id)
    page._list.selectRow(at)
    qtbot.keyClick(page._list, Qt.Key.Key_Delete)
    assert session.documents.row(row.id) is None
    assert all("unwanted.txt" not in line for line in spoken(page))
    assert session.assistant.catalog.document(row.id).status == "ready"
    snackbar = library_window.main._snackbar
    assert snackbar.isVisible()
    qtbot.mouseClick(snackbar._button, Qt.MouseButton.LeftButton)
    until(lambda: session.documents.row(row.id) is not None)
    assert any("unwanted.txt" in line for line in spoken(page))
    # And once the message goes unused, it is really gone.
    session.library.remove([row.id])
    assert json.loads(session.settings.remembered("removing", "")) == [row.id]
    qtbot.mouseClick(snackbar._close, Qt.MouseButton.LeftButton)
    until(lambda: row.id not in {r.id for r in session.assistant.catalog.documents()})
    until(lambda: json.loads(session.settings.remembered("removing", "")) == [])
    assert path.exists()


def test_what_is_in_an_archive_stands_under_it(
    library_window, page, until, qtbot, tmp_path, monkeypatch
):
    session = library_window.session
    path, lease = tmp_path / "court.zip", papers.lease(tmp_path / "lease.pdf")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(lease, "leases/lease.pdf")
        archive.writestr("brief.md", scenes.RULES)
    add(library_window, until, path)
    rows = {row.path: row for row in session.documents.rows}
    archive, inside = rows[str(path)], rows[str(path / "leases" / "lease.pdf")]
    assert (archive.members, inside.status, inside.pages) == (2, "ready", 2)
    lines = page._list.lines
    names = [lines.data(lines.index(n)) for n in range(lines.rowCount())]
    first = names.index("court.zip")
    assert names[first : first + 3] == ["court.zip", "brief.md", "leases/lease.pdf"]
    assert "2 documents in it" in spoken(page)[first]

    # Its page and its file are there, also when it is unpacked no longer.
    shutil.rmtree(session.assistant.paths.root / "unpacked")
    drawn = []
    session.source.page_drawn.connect(drawn.append)
    session.source.open_document(inside)
    until(lambda: session.source.source is not None)
    assert session.source.title == "court.zip/leases/lease.pdf"
    session.source.draw_page(1, 200)
    until(lambda: drawn)
    assert not drawn[0].image.isNull()
    session.source.page_drawn.disconnect(drawn.append)
    session.source.close()
    opened = []
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())) or True
    )
    session.library.open_original(inside.id)
    until(lambda: opened)
    assert opened[0].name == "lease.pdf"
    assert opened[0].read_bytes() == lease.read_bytes()

    # It goes with all that is in it, and comes back with it.
    notices = []
    session.notices.shown.connect(notices.append)
    session.library.remove([archive.id])
    assert notices[-1].text == "Removed “court.zip” and the 2 documents in it."
    until(lambda: not any("court.zip" in line for line in spoken(page)))
    qtbot.mouseClick(library_window.main._snackbar._button, Qt.MouseButton.LeftButton)
    until(lambda: sum("court.zip" in line for line in spoken(page)) == 3)
    session.library.remove([archive.id])
    qtbot.mouseClick(library_window.main._snackbar._close, Qt.MouseButton.LeftButton)
    catalog = session.assistant.catalog
    until(lambda: not any("court.zip" in row.path for row in catalog.documents()))


def test_stopped_and_gone_on_with(library_window, page, until, qtbot, tmp_path):
    session = library_window.session
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(30):
        text = "\n\n".join(f"Paragraph {i} of text {n}. " * 20 for i in range(40))
        (folder / f"{n:02}.txt").write_text(text, encoding="utf-8")
    notices = []
    session.notices.shown.connect(notices.append)
    session.library.add([str(folder)])
    until(lambda: session.library.overall is not None and session.library.overall.files == 30)
    until(page._stop.isVisible)
    qtbot.mouseClick(page._stop, Qt.MouseButton.LeftButton)
    until(lambda: not session.library.is_stopping and not session.documents.adding)
    until(lambda: notices and notices[-1].action == "Go on")
    mine = [r for r in session.assistant.catalog.documents() if r.path.startswith(str(folder))]
    assert len(mine) < 30
    assert all(r.status == "ready" for r in mine)
    left = 30 - len(mine)
    assert f"{left} file" in notices[-1].text
    for path in sorted(folder.iterdir())[5:]:
        path.unlink()
    notices[-1].act()
    until(lambda: not session.documents.adding)


def test_filter_and_groups(library_window, page, until, tmp_path):
    session = library_window.session
    (tmp_path / "garden.md").write_text("# Garden rules\n\nWater the roses.", encoding="utf-8")
    job = session.assistant.add_documents([str(tmp_path / "garden.md")], "House")
    job.result(60)
    session.documents.refresh()
    until(lambda: "House" in spoken(page))
    page._filter.setText("garden RULES")
    until(lambda: len(spoken(page)) == 2)
    assert spoken(page)[0] == "House"
    assert spoken(page)[1].startswith("garden.md, ready, Garden rules")
    page._filter.setText("no such thing")
    until(lambda: not session.library.entries)
    assert page._stack.currentIndex() == 2
    page._filter.clear()
    until(lambda: len(spoken(page)) > 2)
    assert "Other documents" in spoken(page)


def test_a_double_click_reads_the_document(library_window, page, until, qtbot, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("First line of the notes.\nSecond line.", encoding="utf-8")
    row = add(library_window, until, path)[str(path)]
    view = page._list
    entries = library_window.session.library.entries
    at = next(n for n, e in enumerate(entries) if e.document == row.id)
    view.scrollTo(view.lines.index(at))
    place = view.visualRect(view.lines.index(at)).center()
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place - QPoint(200, 0))
    panel = library_window.main._source
    until(lambda: "Second line." in panel.text_view.toPlainText())
    assert panel.isVisible()
    assert panel.text_view.marked_text() == ""
    library_window.main._close_source()


def test_removal_goes_on_after_a_restart(qapp, data_dir, embedder_path, until, tmp_path):
    paths = DataPaths(data_dir).create()
    scenes.link_models(paths, None)
    assistant = Assistant(paths)
    rows = scenes.add_documents(assistant, tmp_path)
    assistant.close()
    gone = rows[0].id
    SettingsFile(paths.settings_file).update(desktop={"removing": json.dumps([gone])})
    window = Window(qapp, paths, [])
    window.show()
    try:
        until(lambda: window.session.assistant is not None)
        until(lambda: len(window.session.documents.rows) == 1)
        until(lambda: len(window.session.assistant.catalog.documents()) == 1)
        assert [r.id for r in window.session.assistant.catalog.documents()] == [rows[1].id]
    finally:
        window.main.close()
        window.close()


def test_ten_thousand_documents_scroll_smoothly(theme, bridge, said, data_dir, qtbot):
    notices, _ = said
    settings = SettingsPresenter(SettingsFile(data_dir / "settings.toml"), data_dir, bridge)
    documents = DocumentsPresenter(bridge, notices)
    collections = CollectionsPresenter(bridge, notices, documents)
    library = LibraryPresenter(bridge, notices, settings, documents, collections)
    view = LibraryList(theme, library)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    rows = [
        DocumentRow(
            n, f"/papers/file-{n}.pdf", f"Paper {n}", "pdf", 12, 40,
            "failed" if n % 100 == 0 else "ready", "unreadable: x" if n % 100 == 0 else None,
            1000, "2026-03-01T10:00:00+00:00", f"Group {n % 5}", (f"Group {n % 5}", "Papers"),
        )
        for n in range(1, 10_001)
    ]  # fmt: skip
    documents.listed.emit(rows)
    qtbot.waitUntil(lambda: len(library.entries) == 10_005)
    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 10_000 * ROW - 700)
    times: list[float] = []
    steps: list[float] = []
    for step in range(40):
        began = time.thread_time()
        bar.setValue(bar.maximum() * step // 40)
        view.viewport().repaint()
        times.append(time.thread_time() - began)
    assert sorted(times)[len(times) // 2] < 0.016
    # A step of progress costs little however many there are.
    began = time.thread_time()
    library.moved.emit()
    steps.append(time.thread_time() - began)
    began = time.thread_time()
    library.set_filter("file-77")
    steps.append(time.thread_time() - began)
    assert max(steps) < 0.2
    assert len(library.entries) == 111 + len({row.collection for row in rows})


def test_an_empty_library_says_what_to_do(qapp, data_dir, embedder_path, until):
    paths = DataPaths(data_dir).create()
    scenes.link_models(paths, None)
    window = Window(qapp, paths, [])
    window.show()
    try:
        page = window.main._library
        window.main.show_page("library")
        assert page._stack.currentIndex() == 3
        until(lambda: page._stack.currentIndex() == 1)
        words = [label.text() for label in page._stack.currentWidget().findChildren(QLabel)]
        assert "No documents yet" in words
        until(lambda: not window.session.documents.adding)
    finally:
        window.main.close()
        window.close()
