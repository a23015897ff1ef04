"""`studiolo search`, `ask` and `chat`."""

from __future__ import annotations

import json
import time

import pytest

from tests.integration.cli.support import (
    HIT,
    check_answer,
    row_of,
)
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.model


def test_a_hit_is_a_place_in_the_canonical_text(studio):
    result = studio.run("search", "how strong is the engine of the boat?", "--json").json
    assert set(result) == {"query", "hits", "ms"}
    assert all(set(hit) == HIT for hit in result["hits"])
    assert [hit["rank"] for hit in result["hits"]] == list(range(1, len(result["hits"]) + 1))
    assert "42 horse power" in result["hits"][0]["text"]
    for hit in result["hits"]:
        assert studio.canonical(hit["document"])[hit["start"] : hit["end"]] == hit["text"]


def test_a_search_is_restricted_to_documents_by_id_path_or_name(studio, folder):
    lease = row_of(studio, "lease.md")["id"]
    for reference in (str(lease), str(folder / "lease.md"), "lease.md"):
        hits = studio.run("search", "engine", "--document", reference, "--json").json["hits"]
        assert {hit["document"] for hit in hits} <= {lease}
    assert len(studio.run("search", "the", "-k", "1", "--json").json["hits"]) == 1
    unknown = studio.run("search", "engine", "--document", "no.pdf", "--json")
    assert unknown.status == 1
    assert unknown.json["error"]["kind"] == "DocumentNotFound"


def test_a_batch_of_searches_gives_a_line_for_each(studio, folder, tmp_path):
    lines = [
        {"id": "rent", "query": "monthly rent", "k": 1},
        {"id": 2, "query": "engine", "document": str(folder / "boat.txt")},
        {"id": 3, "query": "engine", "document": "no.pdf"},
    ]
    file = tmp_path / "queries.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    done = studio.run("search", "--batch", file)
    assert done.status == 3
    rent, engine, unknown = done.lines
    assert (rent["id"], rent["query"], len(rent["hits"])) == ("rent", "monthly rent", 1)
    assert "940 euros" in rent["hits"][0]["text"]
    assert {hit["path"] for hit in engine["hits"]} == {str(folder / "boat.txt")}
    assert unknown["error"]["kind"] == "DocumentNotFound"


def test_an_answer_has_the_contracts_fields_and_checked_quotes(studio):
    done = studio.run("ask", "What is the monthly rent of the flat?", "--json")
    assert done.status == 0, done.err
    answer = done.json
    check_answer(studio, answer)
    assert answer["question"] == "What is the monthly rent of the flat?"
    assert answer["mode"] in ("retrieval", "whole")
    assert answer["model"] == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert answer["timing"]["prompt_tokens"] > 0


def test_a_batch_of_questions_is_answered_line_by_line_by_one_warm_model(studio, folder):
    process = studio.start("ask", "--batch", "-")
    answers, seconds = [], []
    try:
        for number, line in enumerate(
            [
                {"question": "Where does the boat lie?", "documents": [str(folder / "boat.txt")]},
                {"question": "What may tenants do?", "mode": "retrieval"},
                {"question": "Who is the landlord?", "mode": "whole"},
                {"question": "Who is the tenant?", "mode": "whole"},
            ]
        ):
            begin = time.monotonic()
            process.stdin.write(json.dumps({"id": number, **line}) + "\n")
            process.stdin.flush()
            # The answer comes although the input is still open.
            answers.append(json.loads(process.stdout.readline()))
            seconds.append(time.monotonic() - begin)
        out, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, out) == (0, "")
    assert [answer.pop("id") for answer in answers] == [0, 1, 2, 3]
    for answer in answers:
        check_answer(studio, answer)
    boat = [citation["path"] for citation in answers[0]["citations"]]
    assert set(boat) <= {str(folder / "boat.txt")}
    assert (answers[1]["mode"], answers[2]["mode"]) == ("retrieval", "whole")
    # The documents were read once, for the first question that needed them whole.
    timing = answers[3]["timing"]
    assert timing["cached_tokens"] > timing["prompt_tokens"] / 2


def test_a_talk_is_kept_and_can_be_gone_on_with(studio):
    first = studio.run("chat", typed="What is the rent?\n/list\n/quit\n")
    assert first.status == 0, first.err
    assert "What is the rent?" in first.out
    number = next(
        line.split()[0] for line in first.out.splitlines() if line.endswith("What is the rent?")
    )
    second = studio.run("chat", typed=f"/open {number}\n/nonsense\n")
    assert second.status == 0
    assert "> What is the rent?" in second.out
    assert "There is no command /nonsense" in second.err
