from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QTextDocument

from assistant.answering.types import AnswerSentence
from desktop.prose.code import coloured
from desktop.prose.markdown import finished_length, mark, without_marks
from desktop.prose.style import UNSUPPORTED
from desktop.prose.view import HOVER_MS, ProseView

BLOCKS = [
    "A paragraph with **bold**, *italic* and `code`.",
    "# A heading",
    "- one\n- two\n  1. nested\n- three",
    "3. three\n4. four",
    "> quoted\n> on",
    "```python\ndef f(x):\n    return x  # why\n```",
    "| a | b |\n|---|--:|\n| 1 | 2 |",
    "---",
    "Another paragraph,\non two lines.",
    "A [link](https://example.org/a) and ![an image](https://example.org/b.png).",
    "<script>alert(1)</script> and <b>tags</b> are words.",
]
TEXTS = st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=6).map("\n\n".join)


def sentence(text, said, *, supported=True, citations=()):
    start = text.index(said)
    return AnswerSentence(
        text=said, supported=supported, citations=tuple(citations), start=start,
        end=start + len(said),
    )  # fmt: skip


@pytest.fixture
def view(theme, qtbot):
    made = ProseView(theme)
    qtbot.addWidget(made)
    made.resize(600, 100)
    made.show()
    return made


# --- Markdown -------------------------------------------------------------------------------------


@given(TEXTS, st.data())
def test_the_finished_part_never_changes(text, data):
    at = data.draw(st.integers(0, len(text)))
    done = finished_length(text[:at])
    assert done <= at
    assert finished_length(text) >= done or text[:done] == text[:at][:done]


@given(TEXTS, st.lists(st.tuples(st.integers(0, 300), st.integers(1, 80), st.booleans())))
def test_marks_change_nothing_but_themselves(text, places):
    sentences = [
        AnswerSentence(
            text=text[a : a + n], supported=ok, citations=(1,), start=min(a, len(text)),
            end=min(a + n, len(text)),
        )
        for a, n, ok in sorted(places)
    ]  # fmt: skip
    assert without_marks(mark(text, sentences).source) == text


@given(st.text(max_size=200), st.sampled_from(["python", "json", "c++", "nonsense", ""]))
def test_colouring_keeps_the_code(code, language):
    code = code.replace("\r", "")
    assert "".join(piece for piece, _ in coloured(code, language)) == code


# --- The view -------------------------------------------------------------------------------------


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(TEXTS, st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_a_stream_ends_as_the_whole_would_have_been_set(theme, text, sizes):
    streamed, whole = ProseView(theme), ProseView(theme)
    at = 0
    for size in [*sizes, len(text)]:
        streamed.append_markdown(text[at : at + size])
        at += size
    whole.set_markdown(text)
    assert streamed.toPlainText() == whole.toPlainText()
    assert streamed.document().toHtml() == whole.document().toHtml()


def test_chips_stand_at_the_ends_of_their_sentences(view):
    text = "Three months, **in writing.** The rent is due. It rains."
    view.set_markdown(
        text,
        [
            sentence(text, "Three months, **in writing.**", citations=[1]),
            sentence(text, "The rent is due.", citations=[2, 3]),
            sentence(text, "It rains.", supported=False),
        ],
    )
    words = " ".join(view.toPlainText().split())
    assert words.startswith("Three months, in writing. 1 The rent is due. 2 3 It rains.")
    assert words.endswith("not found in your documents")
    assert [chip.number for chip in view._chips] == [1, 2, 3]


def test_only_what_is_unsupported_is_underlined(view):
    text = "- It is so.\n- *Nobody* knows.\n\nThe end."
    view.set_markdown(
        text,
        [
            sentence(text, "It is so.", citations=[1]),
            sentence(text, "*Nobody* knows.", supported=False),
            sentence(text, "The end.", citations=[1]),
        ],
    )
    underlined = ""
    block = view.document().begin()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            if iterator.fragment().charFormat().property(UNSUPPORTED):
                underlined += iterator.fragment().text()
            iterator += 1
        block = block.next()
    assert underlined == "Nobody knows."
    assert view.toPlainText().count("not found in your documents") == 1


def test_a_row_of_unsupported_sentences_has_one_note(view):
    text = "One. Two. Three.\n\nFour."
    sentences = [sentence(text, f"{n}.", supported=False) for n in ("One", "Two", "Three", "Four")]
    view.set_markdown(text, sentences)
    assert view.toPlainText().count("not found") == 1


@pytest.mark.parametrize("block", ["```\nx = 1\n```", "| a |\n|---|\n| 1 |"])
def test_citations_of_code_and_tables_follow_them(view, block):
    text = f"{block}\n\nThe end."
    whole = AnswerSentence(text=block, supported=True, citations=(7,), start=0, end=len(block))
    view.set_markdown(text, [whole])
    words = view.toPlainText().split()
    assert words.index("7") < words.index("The")
    assert [chip.number for chip in view._chips] == [7]


def test_copying_writes_citations_in_brackets(view, qapp):
    text = "Three months. The end."
    view.set_markdown(text, [sentence(text, "Three months.", citations=[1, 2])])
    view.selectAll()
    view.copy()
    assert qapp.clipboard().text() == "Three months. [1] [2] The end."


def test_quitting_with_words_on_the_clipboard_ends_well():
    program = (
        "from desktop.app import make_application\n"
        "from desktop.theme.theme import Theme\n"
        "from desktop.prose.view import ProseView\n"
        "application = make_application()\n"
        "view = ProseView(Theme(application, 'light'))\n"
        "view.set_markdown('Three months.')\n"
        "view.selectAll()\n"
        "view.copy()\n"
        "print(application.clipboard().text())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout == "Three months.\n"
    assert ended.returncode == 0, ended.stderr


def test_clicking_a_chip_names_the_citation(view, qtbot):
    text = "Three months."
    view.set_markdown(text, [sentence(text, text, citations=[4])])
    place = view._chip_rect(view._chips[0]).center().toPoint()
    with qtbot.waitSignal(view.citation_clicked) as clicked:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert clicked.args == [4]


def test_hovering_a_chip_says_where_it_is(view, qtbot):
    text = "Three months."
    view.set_markdown(text, [sentence(text, text, citations=[4])])
    rect = view._chip_rect(view._chips[0])
    with qtbot.waitSignal(view.citation_hovered) as hovered:
        qtbot.mouseMove(view.viewport(), rect.center().toPoint())
    assert hovered.args[0] == 4
    assert hovered.args[1].contains(view.viewport().mapToGlobal(rect.center().toPoint()))
    with qtbot.waitSignal(view.citation_hovered) as left:
        qtbot.mouseMove(view.viewport(), QPoint(300, 2))
    assert left.args[0] == 0


def test_a_chip_that_was_clicked_shows_no_card_after_that(view, qtbot):
    text = "Three months."
    view.set_markdown(text, [sentence(text, text, citations=[4])])
    place = view._chip_rect(view._chips[0]).center().toPoint()
    with qtbot.assertNotEmitted(view.citation_hovered, wait=2 * HOVER_MS):
        qtbot.mouseMove(view.viewport(), place)
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_links_are_reported_and_nothing_is_opened_or_loaded(view, qtbot):
    view.set_markdown("[a](https://example.org/x) ![b](file:///etc/passwd)")
    with qtbot.waitSignal(view.link_clicked) as clicked:
        view.anchorClicked.emit(QUrl("https://example.org/x"))
    assert clicked.args == ["https://example.org/x"]
    assert view.source().isEmpty()
    kind = int(QTextDocument.ResourceType.ImageResource.value)
    assert view.loadResource(kind, QUrl("file:///etc/hostname")) is None
    assert "b" in view.toPlainText()


def test_html_is_words(view):
    text = '<img src="https://example.org/x.png"> <b>bold</b>'
    view.set_markdown(text)
    assert view.toPlainText() == text


def test_the_view_is_as_tall_as_its_text(view, qtbot):
    view.set_markdown("\n\n".join(["A paragraph that is long enough to wrap. " * 6] * 5))
    tall = view.height()
    assert tall == pytest.approx(view.document().size().height(), abs=2)
    view.resize(300, view.height())
    qtbot.waitUntil(lambda: view.height() > tall * 1.5)


def test_a_theme_change_in_mid_stream_keeps_the_text(view, theme):
    view.append_markdown("One.\n\nTwo, ")
    theme.choose("dark")
    view.append_markdown("three.\n\nFour.")
    assert view.toPlainText().split("\n") == ["One.", "Two, three.", "Four."]
