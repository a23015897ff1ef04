"""`studiolo index`: documents in and out, folders, collections, passwords."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from tests.integration.cli.support import (
    ADDED,
    row_of,
)
from tests.integration.studio import BOAT, LEASE, write_long_document
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.model


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
