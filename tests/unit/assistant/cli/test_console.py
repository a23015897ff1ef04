"""Results on stdout, the rest on stderr."""

from __future__ import annotations

import io
import json

from assistant.cli.console import Console, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_json_keeps_all_scripts_on_one_line():
    out = io.StringIO()
    Console(json=True, out=out, err=io.StringIO()).document({"answer": "naïve\n租金 €"})
    assert json.loads(out.getvalue()) == {"answer": "naïve\n租金 €"}
    assert out.getvalue().count("\n") == 1
    assert "租金" in out.getvalue()


def test_progress_is_for_terminals_and_makes_way_for_results():
    out, err = io.StringIO(), io.StringIO()
    Console(out=out, err=err).progress("half")
    assert err.getvalue() == ""

    terminal = Terminal()
    console = Console(out=out, err=terminal)
    console.progress("page 3 of 7")
    assert terminal.getvalue() == "\rpage 3 of 7"
    console.print("done")
    assert terminal.getvalue().endswith("\r" + " " * 11 + "\r")
    assert out.getvalue() == "done\n"


def test_only_a_terminal_without_json_is_interactive():
    assert Console(out=Terminal(), err=io.StringIO()).interactive
    assert not Console(json=True, out=Terminal(), err=io.StringIO()).interactive
    assert not Console(out=io.StringIO(), err=io.StringIO()).interactive


def test_tables_are_aligned():
    assert table([("1", "a b"), ("10", "c")], ("ID", "NAME")) == "ID  NAME\n1   a b\n10  c"


def test_a_text_cannot_steer_the_terminal_but_reaches_a_program_as_it_is():
    hostile = "a\x1b[2Jb\x9b31mc\r\td\n"
    terminal, file = Terminal(), io.StringIO()
    Console(out=terminal, err=io.StringIO()).write(hostile)
    Console(out=file, err=io.StringIO()).write(hostile)
    assert terminal.getvalue() == "a\ufffd[2Jb\ufffd31mc\ufffd\td\n"
    assert file.getvalue() == hostile
