"""Commands that are wrong, that find nothing, and what stands on which stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.integration.cli.support import (
    row_of,
)
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.model


def test_an_empty_library_is_listed_at_once(empty):
    assert empty.run("index", "list", "--json").json == {"documents": []}
    assert empty.run("models", "list", "--json").json == {"models": [], "current": None}


@pytest.mark.skipif(sys.platform == "win32", reason="needs the children's processor time")
@pytest.mark.parametrize("command", [["--help"], ["index", "list"], ["models", "list"]])
def test_lists_and_help_take_less_than_half_a_second(empty, command):
    import resource

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert empty.run(*command).status == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Processor time, which other work on the machine lengthens now and then.
    assert any(seconds() < 0.5 for _ in range(12))


def test_asking_without_a_model_says_which_command_installs_one(empty):
    done = empty.run("ask", "What is the rent?")
    assert (done.status, done.out) == (1, "")
    assert "python packaging/studiolo.py run" in done.err
    assert "studiolo models import FILE" in done.err
    assert "Traceback" not in done.err
    as_json = empty.run("ask", "What is the rent?", "--json")
    assert as_json.status == 1
    assert as_json.json["error"]["kind"] == "NoModelInstalled"


def test_adding_without_the_embedder_says_what_to_do(empty, folder):
    done = empty.run("index", "add", folder)
    assert done.status == 1
    assert "packaging/studiolo.py run" in done.err


def test_nonsense_is_bad_usage(empty):
    done = empty.run("eat", "everything")
    assert (done.status, done.out) == (2, "")
    assert "neither a file nor one of the commands" in done.err


def test_what_is_not_there_is_said_in_a_sentence(studio):
    done = studio.run("index", "text", "4711")
    assert (done.status, done.out) == (1, "")
    assert "There is no document 4711" in done.err
    page = studio.run("index", "text", str(row_of(studio, "boat.txt")["id"]), "--page", "2")
    assert page.status == 1
    assert "has no pages" in page.err


def test_a_reader_that_leaves_early_is_no_error(studio):
    process = studio.start("index", "text", str(row_of(studio, "lease.md")["id"]))
    process.stdout.close()
    process.stdin.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 1)
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors


def test_a_second_process_is_told_that_the_library_is_in_use(studio):
    process = studio.start("search", "--batch", "-")
    try:
        process.stdin.write('{"query": "rent"}\n')
        process.stdin.flush()
        assert "hits" in json.loads(process.stdout.readline())
        done = studio.run("search", "rent")
        assert done.status == 1
        assert "in use by another Studiolo" in done.err
        # Reading needs no index process, so it works beside it.
        assert studio.run("index", "list").status == 0
        process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0


def test_stdout_has_nothing_but_the_document_even_with_a_chatty_library(studio):
    done = subprocess.run(
        studio.command("search", "garden", "--json"),
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "TOKENIZERS_PARALLELISM": "true", "TQDM_DISABLE": "0"},
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout)["query"] == "garden"
    assert done.stdout.count("\n") == 1
