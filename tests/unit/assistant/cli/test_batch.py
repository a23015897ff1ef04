"""Batches: a line in, a line out, whatever happens in between."""

from __future__ import annotations

import io
import json

import msgspec
import pytest

from assistant.cli.batch import run_batch
from assistant.cli.console import DONE, PARTLY_FAILED, Console
from assistant.cli.errors import UsageError
from assistant.errors import NoModelInstalled
from indexing.errors import DocumentNotFound


class Line(msgspec.Struct):
    number: int
    id: object = None


class Result(msgspec.Struct):
    double: int


class Batch:
    def __init__(self, file) -> None:
        self.file = file
        self.out = io.StringIO()

    def run(self, text: str, answer) -> tuple[int, list[dict]]:
        self.file.write_text(text, "utf-8")
        console = Console(json=True, out=self.out, err=io.StringIO())
        status = run_batch(console, str(self.file), Line, answer)
        return status, [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def batch(tmp_path):
    return Batch(tmp_path / "lines.jsonl")


def double(line: Line) -> Result:
    return Result(2 * line.number)


def test_each_line_has_its_id_and_result(batch):
    lines = '\ufeff{"id": "a", "number": 1}\n\n{"number": 2, "id": 7}\n{"number": 3}\n'
    assert batch.run(lines, double) == (
        DONE,
        [{"id": "a", "double": 2}, {"id": 7, "double": 4}, {"id": None, "double": 6}],
    )


def test_a_line_is_written_before_the_next_one_begins(batch):
    written: list[int] = []

    def answer(line: Line) -> Result:
        written.append(len(batch.out.getvalue().splitlines()))
        return double(line)

    batch.run('{"number": 1}\n{"number": 2}\n{"number": 3}\n', answer)
    assert written == [0, 1, 2]


def test_a_line_that_fails_says_why_and_the_rest_goes_on(batch):
    def answer(line: Line) -> Result:
        if line.number == 2:
            raise DocumentNotFound("77")
        return double(line)

    lines = '{"id": 1, "number": 1}\n{"id": 2, "number": 2}\nnonsense\n{"id": 4, "number": "x"}\n'
    status, results = batch.run(lines + '{"id": 5, "number": 5}\n', answer)
    assert status == PARTLY_FAILED
    assert [result["id"] for result in results] == [1, 2, None, 4, 5]
    assert results[1]["error"]["kind"] == "DocumentNotFound"
    assert "77" in results[1]["error"]["message"]
    assert results[2]["error"]["kind"] == results[3]["error"]["kind"] == "BadLine"
    assert "3" in results[2]["error"]["message"]
    assert results[4]["double"] == 10


def test_what_would_fail_every_line_ends_the_batch(batch):
    def answer(line: Line) -> Result:
        raise NoModelInstalled("/models")

    with pytest.raises(NoModelInstalled):
        batch.run('{"number": 1}\n{"number": 2}\n', answer)
    assert batch.out.getvalue() == ""


def test_a_missing_file_is_bad_usage(tmp_path):
    with pytest.raises(UsageError, match=r"no\.jsonl cannot be opened"):
        run_batch(Console(), str(tmp_path / "no.jsonl"), Line, double)
