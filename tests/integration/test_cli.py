"""The command line's contract, with real processes and small real models."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from tests.integration.studio import BOAT, LEASE, Studio, write_documents, write_long_document
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.model

ADDED = {"id", "path", "title", "kind", "pages", "passages", "status", "reason"}
HIT = {"rank", "score", "document", "path", "title", "page", "start", "end", "text"}
ANSWER = {"question", "answer", "sentences", "citations", "mode", "model", "timing"}
SENTENCE = {"text", "supported", "citations"}
CITATION = {"n", "document", "path", "title", "page", "start", "end", "quote"}
TIMING = {
    "retrieve_ms", "prompt_tokens", "cached_tokens", "first_token_ms", "answer_tokens",
    "tokens_per_s",
}  # fmt: skip


@pytest.fixture
def empty(data_dir):
    return Studio(data_dir)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_documents(tmp_path_factory.mktemp("documents"))


@pytest.fixture(scope="module")
def added(tmp_path_factory, folder, embedder_path, smollm_path):
    """A library with the folder's documents, and what adding them printed."""
    studio = Studio(tmp_path_factory.mktemp("library"))
    studio.install(embedder=embedder_path, model=smollm_path)
    return studio, studio.run("index", "add", folder, "--json")


@pytest.fixture
def studio(added):
    return added[0]


def row_of(studio: Studio, name: str) -> dict:
    rows = studio.run("index", "list", "--json").json["documents"]
    return next(row for row in rows if row["path"].endswith(name))


def check_answer(studio: Studio, answer: dict) -> None:
    assert set(answer) == ANSWER
    assert set(answer["timing"]) == TIMING
    assert all(set(sentence) == SENTENCE for sentence in answer["sentences"])
    for citation in answer["citations"]:
        assert set(citation) == CITATION
        text = studio.canonical(citation["document"])
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    numbers = {citation["n"] for citation in answer["citations"]}
    for sentence in answer["sentences"]:
        assert set(sentence["citations"]) <= numbers
        assert sentence["supported"] or not sentence["citations"]


# --- Without a library --------------------------------------------------------------------------


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

    # Processor time, which other work on the machine does not lengthen much.
    assert min(seconds() for _ in range(3)) < 0.5


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


def test_the_doctor_finds_what_is_missing(empty):
    done = empty.run("doctor", "--json")
    assert done.status == 1
    checks = {check["name"]: check for check in done.json["checks"]}
    assert not done.json["ok"]
    for name in ("models", "embedder"):
        assert checks[name]["state"] == "problem"
        assert "packaging/studiolo.py run" in checks[name]["mend"]
    assert checks["network"]["facts"]["guard"] is True
    assert checks["disk"]["facts"]["free_bytes"] > 0
    assert str(empty.data_dir) in checks["data folder"]["found"]


def test_nonsense_is_bad_usage(empty):
    done = empty.run("eat", "everything")
    assert (done.status, done.out) == (2, "")
    assert "neither a file nor one of the commands" in done.err


# --- Documents ----------------------------------------------------------------------------------


def test_adding_tells_how_each_file_ended(added, folder):
    _, done = added
    assert done.status == 3
    assert set(done.json) == {"documents", "seconds"}
    rows = {row["path"]: row for row in done.json["documents"]}
    assert all(set(row) == ADDED for row in rows.values())
    lease, empty = rows[str(folder / "lease.md")], rows[str(folder / "empty.txt")]
    assert (lease["status"], lease["kind"], lease["reason"]) == ("ready", "markdown", None)
    assert lease["title"] == "Lease of the flat in Harbour Street"
    assert lease["passages"] >= 1
    assert empty["status"] == "failed"
    assert "no text" in empty["reason"]
    assert str(folder / "thing.xyz") not in rows


def test_the_list_has_the_same_rows_and_more(added):
    studio, done = added
    rows = studio.run("index", "list", "--json").json["documents"]
    more = {"bytes", "indexed_at", "collections", "language"}
    assert all(set(row) == ADDED | more for row in rows)
    assert {row["language"] for row in rows if row["status"] == "ready"} == {"en"}
    listed = {row["id"]: {name: row[name] for name in ADDED} for row in rows}
    assert listed == {row["id"]: row for row in done.json["documents"]}


def test_the_text_is_the_files_own_to_the_character(studio, folder):
    assert studio.canonical(row_of(studio, "lease.md")["id"]) == LEASE
    by_path = studio.run("index", "text", folder / "boat.txt")
    assert by_path.out == BOAT


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


def test_adding_again_updating_and_removing(tmp_path, studio):
    file = tmp_path / "note.txt"
    file.write_text("The key of the shed hangs behind the clock.\n", "utf-8")
    first = studio.run("index", "add", file, "--collection", "house", "--json").json
    again = studio.run("index", "add", file, "--json").json
    assert [row["id"] for row in again["documents"]] == [row["id"] for row in first["documents"]]
    file.write_text("The key of the shed lies under the blue pot.\n", "utf-8")
    assert studio.run("index", "add", file).status == 0
    hits = studio.run("search", "key of the shed", "--collection", "house", "--json").json["hits"]
    assert {hit["document"] for hit in hits} == {first["documents"][0]["id"]}
    assert "blue pot" in hits[0]["text"]

    removed = studio.run("index", "remove", file, "nowhere.pdf", "--json")
    assert removed.status == 3
    assert [row["id"] for row in removed.json["removed"]] == [first["documents"][0]["id"]]
    assert removed.json["failed"][0]["document"] == "nowhere.pdf"
    hits = studio.run("search", "key of the shed", "--json").json["hits"]
    assert all("shed" not in hit["text"] for hit in hits)


def test_documents_are_put_into_collections(tmp_path, studio):
    shelf = tmp_path / "garden"
    shelf.mkdir()
    for name in ("spades", "rakes"):
        text = f"The {name} hang on the wall of the green shed behind the house.\n"
        (shelf / f"{name}.md").write_text(text, "utf-8")
    [first, second] = studio.run("index", "add", shelf, "--json").json["documents"]
    done = studio.run("index", "tag", "Tools", first["id"], shelf, "nowhere.pdf", "--json")
    assert done.status == 3
    assert done.json["collection"] == "Tools"
    assert [row["id"] for row in done.json["documents"]] == [first["id"], second["id"]]
    assert done.json["failed"][0]["document"] == "nowhere.pdf"
    assert studio.run("index", "tag", "Tools", shelf, "--remove").status == 0
    assert studio.run("index", "collections", "list", "--json").json["collections"] == []
    assert studio.run("index", "tag", "Tools", first["id"]).status == 0
    assert studio.run("index", "collections", "rename", "Tools", "Garden tools").status == 0
    listed = studio.run("index", "list", "--collection", "Garden tools", "--json").json["documents"]
    assert [(row["id"], row["collections"]) for row in listed] == [(first["id"], ["Garden tools"])]
    # Only what belongs to it is searched, and asked.
    hits = studio.run("search", "green shed", "--collection", "Garden tools", "--json").json["hits"]
    assert {hit["document"] for hit in hits} == {first["id"]}
    unknown = studio.run("ask", "What hangs in the shed?", "--collection", "Tools", "--json")
    assert unknown.status == 1
    assert unknown.json["error"]["kind"] == "CollectionNotFound"
    assert studio.run("index", "collections", "remove", "Garden tools").status == 0
    assert studio.run("index", "list", "--collection", "Garden tools").status == 1
    assert studio.run("index", "tag", "  ", first["id"]).status == 2


def test_a_folder_is_followed_until_it_is_not(tmp_path, studio):
    shelf = tmp_path / "shelf"
    (shelf / "drafts").mkdir(parents=True)
    for name in ("oars.md", "sails.md", "drafts/ropes.md"):
        (shelf / name).write_text(f"The {Path(name).stem} are kept in the boat house.\n", "utf-8")
    done = studio.run("index", "watch", shelf, "--exclude", "drafts", "--json")
    assert done.status == 0
    assert set(done.json) == {"documents", "removed", "unavailable", "seconds", "missing"}
    assert {Path(row["path"]).name for row in done.json["documents"]} == {"oars.md", "sails.md"}
    assert all(set(row) == ADDED for row in done.json["documents"])

    (shelf / "sails.md").unlink()
    (shelf / "oars.md").rename(shelf / "paddles.md")
    done = studio.run("index", "watch", "--json")
    assert [Path(row["path"]).name for row in done.json["removed"]] == ["sails.md"]
    assert [Path(row["path"]).name for row in done.json["documents"]] == ["paddles.md"]
    away = shelf.rename(tmp_path / "away")
    (folder,) = studio.run("index", "folders", "--json").json["folders"]
    assert (folder["path"], folder["documents"]) == (str(shelf), 1)
    assert (folder["status"], folder["exclude"]) == ("unavailable", ["drafts"])
    assert "Its documents are kept" in folder["reason"]
    away.rename(shelf)

    done = studio.run("index", "unwatch", shelf, "--remove", "--json")
    assert [Path(row["path"]).name for row in done.json["removed"]] == ["paddles.md"]
    assert studio.run("index", "folders", "--json").json == {"folders": []}
    again = studio.run("index", "unwatch", shelf)
    assert again.status == 1
    assert "No watched folder" in again.err


# --- Searching ----------------------------------------------------------------------------------


def test_a_locked_file_is_read_with_its_password_which_is_kept_nowhere(tmp_path, studio):
    locked = tmp_path / "locked.pdf"
    secret = "tern-4711-zebra"
    encryption = StandardEncryption(secret, "owner", canPrint=0)
    canvas = Canvas(str(locked), encrypt=encryption)
    canvas.drawString(72, 720, "The harbour master keeps the spare key in the chart room.")
    canvas.save()

    done = studio.run("index", "add", str(locked), "--json")
    assert done.status == 3
    assert "--password" in done.json["documents"][0]["reason"]
    done = studio.run("index", "add", str(locked), "--password", "wrong", "--json")
    assert "is wrong" in done.json["documents"][0]["reason"]
    done = studio.run("index", "add", str(locked), "--password", secret, "--json")
    assert done.status == 0
    (row,) = done.json["documents"]
    assert row["status"] == "ready"
    assert "spare key" in studio.run("index", "text", str(row["id"])).out
    for file in studio.data_dir.rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert secret.encode() not in file.read_bytes(), file
    studio.run("index", "remove", str(row["id"]))


def test_a_hit_is_a_place_in_the_canonical_text(studio):
    result = studio.run("search", "how strong is the engine of the boat?", "--json").json
    assert set(result) == {"query", "hits", "ms"}
    assert all(set(hit) == HIT for hit in result["hits"])
    assert [hit["rank"] for hit in result["hits"]] == list(range(1, len(result["hits"]) + 1))
    assert "42 horse power" in result["hits"][0]["text"]
    for hit in result["hits"]:
        assert studio.canonical(hit["document"])[hit["start"] : hit["end"]] == hit["text"]


def test_a_search_is_restricted_to_documents_by_id_or_path(studio, folder):
    lease = row_of(studio, "lease.md")["id"]
    for reference in (str(lease), str(folder / "lease.md")):
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


# --- Asking -------------------------------------------------------------------------------------


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


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent otherwise there")
def test_an_interrupt_stops_cleanly_and_what_was_begun_goes_on_later(
    tmp_path, embedder_path, empty
):
    empty.install(embedder=embedder_path)
    file = write_long_document(tmp_path / "cellar.md", 800)
    process = empty.start("index", "add", file)
    database = empty.data_dir / "studiolo.db"
    try:
        wait_until(lambda: database.exists() and "cellar.md" in empty.run("index", "list").out)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "goes on with the rest" in errors
    assert "Traceback" not in errors
    assert row_of(empty, "cellar.md")["status"] == "queued"
    done = empty.run("index", "add", file, "--json")
    assert done.status == 0
    assert done.json["documents"][0]["status"] == "ready"


# --- Models -------------------------------------------------------------------------------------


def test_a_model_is_set_up_and_says_whether_it_fits(empty, smollm_path, tmp_path):
    empty.install(model=smollm_path)
    name = smollm_path.name
    lora = tmp_path / "lora.gguf"
    done = empty.run(
        "models", "settings", name, "temperature=0.7", "thinking=off", "context_tokens=2048",
        f"adapters={lora}:0.5", "--json",
    )  # fmt: skip
    assert done.json["settings"] == {
        "temperature": 0.7, "thinking": False, "context_tokens": 2048,
        "adapters": [{"path": str(lora), "weight": 0.5}],
    }  # fmt: skip
    memory = empty.run("models", "info", name, "--json").json["memory"]
    assert (memory["fit"], memory["context_tokens"]) == ("well", 2048)
    kept_as = empty.run("models", "info", name, "--json").json["context_bytes"]
    assert kept_as["f16"] > kept_as["q8_0"] > kept_as["q4_0"] > 0
    assert "fits well" in empty.run("models", "list").out
    done = empty.run("models", "settings", name, "temperature=", "thinking=", "adapters=")
    starred = [line.split()[1:] for line in done.out.splitlines() if line.startswith("*")]
    assert starred == [["context_tokens", "2048"]]
    for wrong in (
        "temperature=warm",
        "colour=red",
        "temperature",
        "top_p=7",
        "threads=0",
        "template=/no/file",
    ):
        assert empty.run("models", "settings", name, wrong).status == 2


def test_models_come_go_and_are_chosen(empty, smollm_path, tmp_path):
    name = smollm_path.name
    imported = empty.run("models", "import", smollm_path, "--json")
    assert imported.status == 0, imported.err
    assert imported.json["model"]["name"] == name
    assert imported.json["model"]["architecture"] == "llama"
    assert empty.run("models", "use", name, "--json").json["current"] is True
    listed = empty.run("models", "list", "--json").json
    assert ([model["name"] for model in listed["models"]], listed["current"]) == ([name], name)
    assert "135M" in empty.run("models", "list").out
    assert "Q4_1" in empty.run("models", "info", name).out

    assert empty.run("models", "remove", name, "--json").json["removed"] == name
    assert empty.run("models", "list", "--json").json["models"] == []
    assert empty.run("models", "restore", name, "--json").json["restored"]["name"] == name
    assert empty.run("models", "list", "--json").json["current"] == name
    assert empty.run("models", "restore", name).status == 1

    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + b"\xff" * 64)
    done = empty.run("models", "import", bad)
    assert done.status == 1
    assert "bad.gguf cannot be used as a model" in done.err
    unknown = empty.run("models", "use", "no-such-model")
    assert unknown.status == 1
    assert "There is no model no-such-model" in unknown.err


def test_the_doctor_is_content_with_a_library(studio):
    done = studio.run("doctor")
    assert "MEND" not in done.out or "disk" in done.out
    assert "SmolLM2" in done.out


# --- One library at a time ----------------------------------------------------------------------


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
