"""Formats that people write as text: reStructuredText, LaTeX, RTF, source code, subtitles."""

from __future__ import annotations

import contextlib

import pytest

from indexing.errors import EmptyDocument, FileUnreadable
from indexing.places import place_at
from indexing.readers.read import read
from indexing.types import Place
from tests.unit.indexing.readers.conftest import shown


@pytest.fixture
def write(tmp_path):
    def save(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return save


def test_restructured_text_keeps_its_words_and_has_sections(write, finish):
    text = (
        "======\nGarden\n======\n\nSome words\nin two lines.\n\nTools\n-----\n\n- rake\n- spade\n\n"
        ".. code-block:: python\n\n   x = 1\n\n+---+---+\n| a | b |\n+---+---+\n\nMore\n~~~~\n"
        "As follows::\n\n    literal\n\nThe end\n-------\n\nBye.\n"
    )
    document = finish(read(write("garden.rst", text)))

    assert document.text == text
    assert [(kind, words.split("\n")[0]) for kind, words in shown(document)] == [
        ("heading", "======"),
        ("paragraph", "Some words"),
        ("heading", "Tools"),
        ("list_item", "- rake"),
        ("code", ".. code-block:: python"),
        ("code", "x = 1"),
        ("table", "+---+---+"),
        ("heading", "More"),
        ("paragraph", "As follows::"),
        ("code", "literal"),
        ("heading", "The end"),
        ("paragraph", "Bye."),
    ]
    assert document.blocks[9].headings == ("Garden", "Tools", "More")
    assert document.blocks[-1].headings == ("Garden", "The end")


LATEX = r"""
\documentclass{article}
\title{On \emph{Tea}}\author{Anna}
% a remark
\begin{document}\maketitle
\section{Brewing}\label{s:b}
Water boils\footnote{At sea level.} as \cite{smith99} says. Caf\'e costs 5\,\% more. % gone
\begin{enumerate}
\item One
\item Two $E=mc^2$
\end{enumerate}
\begin{tabular}{lr}\toprule Kind & Euro \\ \midrule Green & 4.50 \\ \bottomrule\end{tabular}
\subsection{Code}
\begin{verbatim}
x = 1  % kept
\end{verbatim}
\end{document}
never read
"""


def test_latex_is_what_it_prints(write, finish):
    document = finish(read(write("tea.tex", LATEX)))

    assert document.title == "On Tea"
    assert shown(document) == [
        ("heading", "On Tea"),
        ("paragraph", "Anna"),
        ("heading", "Brewing"),
        ("paragraph", "Water boils[1] as [smith99] says. Café costs 5 % more."),
        ("paragraph", "[Footnote 1] At sea level."),
        ("list_item", "1. One"),
        ("list_item", "2. Two $E=mc^2$"),
        ("table", "Kind | Euro\nKind: Green | Euro: 4.50"),
        ("heading", "Code"),
        ("code", "x = 1  % kept"),
    ]
    assert document.blocks[-1].headings == ("Brewing", "Code")


@pytest.mark.parametrize("text", ["{" * 5_000, "\\section{" * 300 + "x", "\\begin{tabular}" * 50])
def test_latex_that_never_closes_is_read_to_its_end(write, finish, text):
    path = write("open.tex", f"Words first.\n\n{text}")
    with contextlib.suppress(FileUnreadable):
        assert "Words first." in finish(read(path)).text


RTF = r"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}}
{\stylesheet{\s1\outlinelevel0 heading 1;}}{\info{\title The lease}}{\header\pard Acme Ltd \par}
\pard\s1\outlinelevel0\b Rent\b0\par
\pard The tenant pays 900 \'80{\footnote \pard\plain Since 1999.} \u8364 ?.\par
\trowd\cellx1\cellx2 Month\cell Euro\cell\row
\trowd May\cell 900\cell\row
\pard Done.{\pict\bin5 }}}}}\par}"""


def test_rtf_with_headings_tables_and_marked_notes(write, finish):
    document = finish(read(write("lease.rtf", RTF)))

    assert document.title == "The lease"
    assert shown(document) == [
        ("heading", "Rent"),
        ("paragraph", "The tenant pays 900 €[1] €."),
        ("paragraph", "[Footnote 1] Since 1999."),
        ("table", "Month | Euro\nMonth: May | Euro: 900"),
        ("paragraph", "Done."),
        ("paragraph", "[Header] Acme Ltd"),
    ]
    assert document.blocks[1].headings == ("Rent",)


def test_what_was_deleted_of_rtf_is_not_read(write, finish):
    raw = (
        "{\\rtf1 The rent is {\\rtlch\\fcs1 \\deleted\\revauthdel1\\revdttmdel7 900{\\b !}}"
        "{\\insrsid8 940} euros.\\par {\\deleted Gone.}}"
    )
    assert finish(read(write("lease.rtf", raw))).text == "The rent is 940 euros."


def test_rtf_goes_by_its_first_bytes(write, finish):
    assert finish(read(write("lease.doc", RTF))).kind == "rtf"


def test_rtf_that_never_closes_or_is_none(write, finish):
    assert finish(read(write("open.rtf", "{\\rtf1 " + "{\\b words " * 500))).text
    with pytest.raises(FileUnreadable):
        finish(read(write("odd.rtf", "just words")))
    with pytest.raises(EmptyDocument):
        finish(read(write("empty.rtf", "{\\rtf1 }")))


def test_source_code_is_cut_where_it_is_at_the_outermost_level(write, finish):
    text = "import os\n\n\ndef f():\n    x = 1\n\n    return x\n\n\nclass A:\n    pass\n"
    document = finish(read(write("tool.py", text)))
    assert document.text == text
    assert [words.split("\n")[0] for _, words in shown(document)] == [
        "import os",
        "def f():",
        "class A:",
    ]
    assert place_at(document.places, 30, 40) == Place("line")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "talk.srt",
            (
                "1\n00:00:01,000 --> 00:00:03,000\nAnna says <i>hello</i>,\nhow are\n\n"
                "2\n00:00:03,100 --> 00:00:05,000\nyou doing?\n\n"
                "3\n01:01:00,000 --> 01:01:05,000\nLater.\n"
            ),
        ),
        (
            "talk.vtt",
            (
                "WEBVTT\n\nNOTE a remark\n\nintro\n00:01.000 --> 00:03.000 align:start\n"
                "Anna says hello, how are\n\n00:03.100 --> 00:05.000\nyou doing?\n\n"
                "1:01:00.000 --> 1:01:05.000\nLater.\n"
            ),
        ),
    ],
)
def test_subtitles_are_what_is_said_and_when(write, finish, name, text):
    document = finish(read(write(name, text)))

    assert shown(document) == [
        ("paragraph", "Anna says hello, how are\nyou doing?"),
        ("paragraph", "Later."),
    ]
    assert document.places == (
        (0, Place("time", 1)),
        (document.text.index("you"), Place("time", 3)),
        (document.text.index("Later"), Place("time", 3660)),
    )


def test_speakers_are_named_and_times_are_needed(write, finish):
    text = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Anna Müller>Hello.</v>\n"
    assert finish(read(write("a.vtt", text))).text == "Anna Müller: Hello."
    with pytest.raises(FileUnreadable):
        finish(read(write("b.srt", "no times at all")))
