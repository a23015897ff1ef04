"""The words of the command line, and what it says to wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.cli.arguments import parse


def test_files_open_the_window(tmp_path):
    file = tmp_path / "index"
    file.write_text("x")
    arguments = parse([str(file), str(tmp_path)])
    assert arguments.command is None
    assert arguments.files == [file, tmp_path]
    assert parse([]).files == []
    assert parse(["--data-dir", "x"]).data_dir == "x"
    assert parse(["--data-dir", "index", str(file)]).files == [file]


@pytest.mark.parametrize(
    "argv",
    [
        ["index", "list", "--json", "--data-dir", "d"],
        ["--data-dir", "d", "index", "list", "--json"],
        ["--data-dir=d", "index", "list", "--json"],
    ],
)
def test_the_data_folder_may_stand_before_or_after(argv):
    arguments = parse(argv)
    assert (arguments.command, arguments.action) == ("index", "list")
    assert arguments.data_dir == "d"
    assert arguments.json


def test_a_question_has_its_restrictions():
    arguments = parse(
        ["ask", "Why?", "--document", "3", "--document", "a.pdf", "--collection", "flat",
         "--collection", "tax", "--model", "m.gguf", "--mode", "whole", "--json"]
    )  # fmt: skip
    assert arguments.question == "Why?"
    assert arguments.document == ["3", "a.pdf"]
    assert arguments.collections == ["flat", "tax"]
    assert (arguments.model, arguments.mode) == ("m.gguf", "whole")
    assert arguments.batch is None
    assert parse(["search", "--batch", "-"]).batch == "-"
    assert parse(["search", "rent", "-k", "3"]).k == 3


@pytest.mark.parametrize(
    "argv",
    [
        ["no-such-command-or-file"],
        ["index"],
        ["index", "add"],
        ["index", "text", "1", "--page", "0"],
        ["search"],
        ["search", "rent", "--batch", "x.jsonl"],
        ["search", "rent", "-k", "many"],
        ["ask", "Why?", "--mode", "guess"],
        ["models", "eat", "x"],
        ["doctor", "--nonsense"],
    ],
)
def test_bad_usage_ends_with_2_and_a_sentence_on_stderr(argv, capsys):
    with pytest.raises(SystemExit) as end:
        parse(argv)
    assert end.value.code == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("studiolo: ")
    assert "Try '" in written.err


def test_help_shows_the_commands(capsys):
    with pytest.raises(SystemExit) as end:
        parse(["--help"])
    assert end.value.code == 0
    written = capsys.readouterr().out
    for word in ("index", "search", "ask", "chat", "models", "doctor", "--data-dir"):
        assert word in written


def test_a_file_that_is_named_like_a_command_is_opened_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("doctor").write_text("x")
    assert parse(["./doctor"]).files == [Path("doctor")]
    assert parse(["doctor"]).command == "doctor"


def test_options_may_stand_among_the_settings_of_a_model(capsys):
    words = ["models", "settings", "m", "top_k=5", "--conversation", "3", "seed=1", "--json"]
    arguments = parse(words)
    assert arguments.changes == ["top_k=5", "seed=1"]
    assert (arguments.conversation, arguments.json) == (3, True)
    with pytest.raises(SystemExit) as caught:
        parse([*words, "--nonsense"])
    assert caught.value.code == 2
    assert "--nonsense" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        parse(["models", "folders"])
    assert "Try 'studiolo models folders --help'." in capsys.readouterr().err
