"""The source panel: exactly the quote, as text and on the page."""

from __future__ import annotations

from pathlib import Path

import papers
import pypdfium2
import pytest
import scenes
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from assistant.answering.types import Citation

pytestmark = [pytest.mark.gui, pytest.mark.model]

EMOJI = "🦉 Owls say 𝒽ello 🦉.\n\n"


def add(window, path):
    """Index a file; return its row and its text."""
    assistant = window.session.assistant
    row = assistant.add_documents([str(path)]).result(120).documents[0]
    assert row.status == "ready", row
    return row, assistant.catalog.text(row.id)


def cite(window, row, text, quote, n=1, start=0):
    at = text.index(quote, start)
    page = window.session.assistant.catalog.page_of(row.id, at)
    return Citation(n, row.id, row.path, row.title, page, at, at + len(quote), quote)


@pytest.fixture
def panel(library_window, until):
    window = library_window
    window.main.show_page("chat")
    yield window.main._source
    window.main._close_source()
    window.session.source.set_view("page")
    window.session.source.set_zoom(1.0)


def show(window, *citations, index=0):
    window.session.source.open_citations(citations, index)
    window.main._show_source()


def test_the_quote_is_marked_on_the_page(library_window, panel, until, tmp_path):
    path = papers.lease(tmp_path / "lease.pdf")
    row, text = add(library_window, path)
    # It begins and ends within lines.
    quote = "is paid by bank transfer to the account of the landlord, who confirms each payment"
    cited = cite(library_window, row, text, quote, start=40)
    show(library_window, cited)
    page = panel.page_view
    until(lambda: page.image is not None)
    assert page.page == 1
    assert page.image.width() == round(page._canvas.page_width * page.devicePixelRatioF())
    # Where pdfium itself has the letters of that quote.
    paper = pypdfium2.PdfDocument(path)
    leaf = paper[0]
    width, height = leaf.get_size()
    letters = leaf.get_textpage()
    squeezed = " ".join(letters.get_text_range().split())
    nth = squeezed[: squeezed.index(quote, 40)].count(quote)
    finder = letters.search(quote)
    places = [finder.get_next() for _ in range(nth + 1)]
    found = places[nth]
    assert found is not None
    first, count = found
    left, _, _, top = letters.get_charbox(first)
    _, bottom, right, _ = letters.get_charbox(first + count - 1)
    paper.close()
    marks = page.marks
    assert len(marks) >= 2
    assert abs(marks[0].left() - left / width) < 0.03
    assert abs(marks[-1].right() - right / width) < 0.03
    assert marks[0].top() <= 1 - top / height + 0.002
    assert marks[-1].bottom() >= 1 - bottom / height - 0.002
    # And the marker has really been drawn there.
    place = page._canvas.mark_place()
    assert place is not None
    shown = page._canvas.grab().toImage()
    colours = {
        shown.pixelColor(QPoint(round(place.left()) + x, round(place.bottom()) - 1)).name()
        for x in range(2, round(place.width()) - 2)
    }
    assert colours - {"#ffffff"}
    assert all(c != "#ffffff" for c in colours)


def test_the_quote_is_marked_in_the_text(library_window, panel, until, tmp_path):
    path = tmp_path / "owls.md"
    path.write_text(EMOJI * 40 + "The rent 🏠 is due\non the fifth.\n\n" + EMOJI * 40, "utf-8")
    row, text = add(library_window, path)
    quote = "rent 🏠 is due\non the fifth."
    show(library_window, cite(library_window, row, text, quote))
    view = panel.text_view
    until(lambda: view.marked_text() == quote)
    assert view.isVisible()
    assert not panel.page_view.isVisible()
    assert panel._as_page.isHidden()

    def in_sight():
        marks = view.extraSelections()
        return view.viewport().rect().contains(view.cursorRect(marks[0].cursor).center())

    until(in_sight)


def test_a_quote_over_two_pages(library_window, panel, until, tmp_path):
    path = papers.lease(tmp_path / "two.pdf")
    row, text = add(library_window, path)
    start = text.index("The end of the first page.")
    quote = text[start : text.index("are borne by the tenant")]
    show(library_window, cite(library_window, row, text, quote))
    until(lambda: panel.text_view.marked_text() == quote)
    until(lambda: panel.page_view.image is not None)
    assert panel.page_view.page == 1
    assert len(panel.page_view.marks) == 1
    panel._page_on.click()
    assert panel.page_view.page == 2
    assert len(panel.page_view.marks) == 1
    assert "page 2 of 2" in panel._page_label.text()
    until(lambda: panel.page_view.image is not None)
    assert "Page 2" in panel.text_view.toPlainText()


def test_the_text_as_it_was_read_stands_beside_its_page(library_window, panel, until, tmp_path):
    row, text = add(library_window, papers.long(tmp_path / "beside.pdf", 12))
    quote = text[:40]
    show(library_window, cite(library_window, row, text, quote))
    until(lambda: panel.page_view.image is not None)
    panel._as_both.click()
    assert panel.page_view.isVisible()
    assert panel.text_view.isVisible()
    assert panel.text_view.marked_text() == quote
    # In a narrow panel one is above the other, in a wide one beside it.
    assert panel.page_view.geometry().bottom() < panel.text_view.geometry().top()
    main = library_window.main
    main._splitter.setSizes([400, main._splitter.width() - 400])
    until(lambda: panel.page_view.geometry().right() < panel.text_view.geometry().left())
    # Turning the page takes the text along.
    starts = panel._source.source.page_starts
    for _ in range(9):
        panel._page_on.click()
    view = panel.text_view

    def first_words():
        return view.cursorForPosition(QPoint(40, 30)).block().text()

    assert panel.page_view.page == 10
    wanted = text[starts[9] :].split("\n")[0]
    until(lambda: first_words() in (wanted, "Page 10"))
    # It is kept for the next document.
    assert library_window.session.source.view == "both"
    panel._as_page.click()
    assert not panel.text_view.isVisible()


def test_stepping_through_the_sources_of_an_answer(library_window, panel, until, tmp_path):
    row, text = add(library_window, papers.lease(tmp_path / "steps.pdf"))
    quotes = ("paid by bank transfer", "borne by the tenant", "told of damage without delay")
    cited = [cite(library_window, row, text, quote, n) for n, quote in enumerate(quotes, 1)]
    show(library_window, *cited, index=1)
    until(lambda: panel.text_view.marked_text() == quotes[1])
    assert panel._position.text() == "2 of 3"
    assert panel._name.text() == "steps.pdf"
    panel._next.click()
    until(lambda: panel.text_view.marked_text() == quotes[2])
    assert not panel._next.isEnabled()
    panel._previous.click()
    panel._previous.click()
    until(lambda: panel.text_view.marked_text() == quotes[0])
    assert panel.page_view.page == 1
    panel._copy.click()
    assert QGuiApplication.clipboard().text() == quotes[0]


def test_zoom_is_kept_and_draws_anew(library_window, panel, until, tmp_path):
    row, text = add(library_window, papers.lease(tmp_path / "zoom.pdf"))
    show(library_window, cite(library_window, row, text, "borne by the tenant"))
    page = panel.page_view
    until(lambda: page.image is not None)
    narrow = page.image.width()
    panel._wider.click()
    panel._wider.click()
    assert panel._fit.text() == "150 %"
    until(lambda: page.image.width() > 1.4 * narrow)
    assert library_window.session.settings.remembered("source_zoom", 1.0) == 1.5
    assert page.horizontalScrollBar().maximum() > 0
    panel._fit.click()
    until(lambda: page.image.width() == narrow)


def test_a_long_text_is_set_as_it_is_scrolled_to(library_window, panel, until, tmp_path):
    path = tmp_path / "long.txt"
    lines = [f"Line {n} has its own number, which is {n * 7}." for n in range(12_000)]
    path.write_text("\n".join(lines), encoding="utf-8")
    row, text = add(library_window, path)
    quote = lines[6000]
    show(library_window, cite(library_window, row, text, quote))
    view = panel.text_view
    until(lambda: view.marked_text() == quote)
    until(lambda: view._settled)
    assert len(view.toPlainText()) < 40_000
    bar = view.verticalScrollBar()

    def top_line():
        return view.cursorForPosition(QPoint(40, 30)).block().text()

    # Going up, what is read stays where it is while more is set above it.
    for _ in range(3):
        begin = view._begin
        bar.setValue(10)
        read = top_line()
        until(lambda before=begin: view._begin < before)
        assert top_line() == read
    for _ in range(3):
        end = view._end
        bar.setValue(bar.maximum())
        until(lambda before=end: view._end > before)
    assert view.marked_text() == quote
    shown = view.toPlainText()
    assert shown == text[view._begin : view._end]


def test_what_cannot_be_shown_says_so(library_window, panel, until, tmp_path):
    session = library_window.session
    row, text = add(library_window, papers.lease(tmp_path / "gone.pdf"))
    cited = cite(library_window, row, text, "borne by the tenant")
    # File and copy are not there any more: the page cannot be drawn, the text can be read.
    session.assistant.catalog.stored_file(row.id).unlink()
    Path(row.path).unlink()
    show(library_window, cited)
    failed = "This page could not be drawn. Its words are under Text."
    until(lambda: panel.page_view._canvas._words == failed)
    assert panel.text_view.marked_text() == cited.quote
    # A quote that is not there any more is not marked in some other place.
    stale = Citation(1, row.id, row.path, row.title, 1, 3, 14, "other words")
    show(library_window, stale)
    until(panel._note.isVisible)
    assert panel.text_view.marked_text() == ""
    session.assistant.remove_documents([row.id])
    show(library_window, cited)
    until(lambda: "no longer in the library" in panel._message.text())
    assert cited.quote in panel._message.text()


def test_a_click_in_the_answer_opens_the_panel(library_window, until, qtbot, tmp_path):
    session, main = library_window.session, library_window.main
    rows = scenes.add_documents(session.assistant, tmp_path)
    lease = next(row for row in rows if row.path.endswith("lease.md"))
    talk = scenes.write_conversations(session.assistant, lease)
    main.show_page("chat")
    session.conversations.refresh()
    until(lambda: session.conversations.conversation(talk.id) is not None)
    session.conversations.open(talk.id)
    until(lambda: len(session.chat.messages) == 4)
    answer = session.chat.messages[1].answer
    main._chat.citation_activated.emit(answer.citations[2])
    panel = main._source
    until(lambda: panel.text_view.marked_text() == answer.citations[2].quote)
    assert panel._position.text() == "3 of 4"
    # Asked again until it is: what was active before may only be going away.
    until(lambda: main.isActiveWindow() or main.activateWindow())
    qtbot.keyClick(main, Qt.Key.Key_Escape)
    assert not panel.isVisible()
