"""What the library holds, read straight from SQLite.

The window's and the command line's process use it: no model, no vectors, no heavy import.
It only reads, beside the index process that writes.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path

import msgspec

from indexing.database import connect_to_read, has_table
from indexing.errors import DocumentNotFound, PageNotFound
from indexing.folders.losses import SELECT_LOST, lately
from indexing.folders.rows import SELECT_FOLDERS, watched_folder
from indexing.language import SELECT_LANGUAGES
from indexing.places import place_at
from indexing.scope import SELECT_SEARCHED
from indexing.structure import (
    Structure,
    unpack_blocks,
    unpack_lines,
    unpack_places,
    unpack_structure,
)
from indexing.types import (
    Block,
    DocumentRow,
    Like,
    LineBox,
    Passage,
    Place,
    ScannedPage,
    WatchedFolder,
)
from indexing.unpacked import MAILS, find_unpacked, name_of, unpacked_folder

# Under which key the index notes its embedder: as JSON its identity and its folder.
EMBEDDER_FACT = "embedder"

_MAILS = tuple(MAILS)

# A document's pages and passages are those of the text that is searched; before it has one,
# those of the text being made ready.
_SELECT_ROWS = """
    SELECT d.id, d.path, d.title, d.kind, d.status, d.reason, d.bytes, d.indexed_at,
           d.collection, d.content_id, c.pages, coalesce(c.passages, 0) AS passages,
           {collections} AS collections, {archive}
    FROM documents AS d
    LEFT JOIN contents AS c ON c.id = coalesce(
        d.content_id, (SELECT max(id) FROM contents WHERE document_id = d.id))
"""
_COLLECTIONS = (
    "(SELECT json_group_array(k.name) FROM collection_documents AS k WHERE k.document_id = d.id)"
)
SELECT_ROWS = _SELECT_ROWS.format(
    collections=_COLLECTIONS, archive="d.archive_id AS archive, d.members"
)
_NO_ARCHIVE = "NULL AS archive, NULL AS members"
# Members come with their archive, whenever they did.
_IN_ORDER = "ORDER BY coalesce(archive, d.id), archive IS NOT NULL, d.id"


def document_row(row: sqlite3.Row) -> DocumentRow:
    """A row of `SELECT_ROWS` as the shared type."""
    own, others = row["collection"], row["collections"]
    is_mail = row["members"] is not None and row["path"].lower().endswith(_MAILS)
    # Most have none, and there may be ten thousand.
    names = sorted(json.loads(others), key=str.casefold) if others != "[]" else []
    return DocumentRow(
        id=row["id"],
        path=row["path"],
        title=row["title"],
        kind=row["kind"],
        pages=row["pages"],
        passages=row["passages"],
        status=row["status"],
        reason=row["reason"],
        bytes=row["bytes"],
        indexed_at=row["indexed_at"],
        collection=own,
        collections=tuple(dict.fromkeys(names if own is None else [own, *names])),
        archive=row["archive"],
        members=None if is_mail else row["members"],
        attachments=row["members"] if is_mail else None,
    )


class Catalog:
    """A read-only view of the documents; may be used from several threads.

    Before anything was ever indexed there is no database, and the catalog is empty.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def documents(self, collection: str | None = None) -> list[DocumentRow]:
        """All documents (of a collection) in the order they were added, members by archive."""
        rows = [document_row(row) for row in self._rows(_IN_ORDER)]
        return [row for row in rows if collection is None or collection in row.collections]

    def collections(self) -> dict[str, list[int]]:
        """The documents of each collection, by its name, in alphabetical order of the names."""
        found: dict[str, list[int]] = {}
        for row in self.documents():
            for name in row.collections:
                found.setdefault(name, []).append(row.id)
        return dict(sorted(found.items(), key=lambda item: item[0].casefold()))

    def folders(self) -> list[WatchedFolder]:
        """The watched folders, in the order in which they came to be watched."""
        # An index of an earlier version has no table of them until it is opened for writing.
        if not self._has("watched_folders"):
            return []
        folders = [watched_folder(row) for row in self._all(f"{SELECT_FOLDERS} ORDER BY f.id")]
        if not self._has("lost_files"):
            return folders
        lost = {row[0]: row[1] for row in self._all(SELECT_LOST, lately())}
        return [msgspec.structs.replace(one, lost=lost.get(one.id, 0)) for one in folders]

    def embedder(self) -> str | None:
        """The folder of the embedder that the documents are searched with; None before any is."""
        row = self._one("SELECT value FROM index_facts WHERE key = ?", EMBEDDER_FACT)
        return json.loads(row["value"])[1] if row is not None else None

    def likes(self) -> dict[int, Like]:
        """The documents that are nearly the same as another: the one that each is most like."""
        if not self._has("likes"):
            return {}
        rows = self._all(
            "SELECT this.id, other.id AS other, this.sha256 = other.sha256 AS is_same, "
            "max(l.share) AS share FROM likes AS l "
            "JOIN documents AS this ON this.content_id = l.content_id "
            "JOIN documents AS other ON other.content_id = l.other_id GROUP BY this.id"
        )
        return {row["id"]: Like(row["other"], bool(row["is_same"]), row["share"]) for row in rows}

    def languages(self) -> dict[int, str]:
        """The languages of the documents whose texts tell it, as ISO 639 codes ("de")."""
        if not self._has("languages"):
            return {}
        return {row[0]: row[1] for row in self._all(SELECT_LANGUAGES)}

    def document(self, reference: int | str) -> DocumentRow:
        """The document of an id (also as digits), of a path, or of a file's name.

        Raises:
            DocumentNotFound: There is none, or several have a file of that name.
        """
        rows: list[sqlite3.Row] = []
        if isinstance(reference, int) or reference.isdecimal():
            rows = self._rows("WHERE d.id = ?", int(reference))
        if not rows and isinstance(reference, str):
            rows = self._rows("WHERE d.path = ?", absolute_path(reference))
            rows = rows or self._rows("WHERE d.path = ?", reference) or self._called(reference)
        if len(rows) != 1:
            candidates = "\n".join(f"{row['id']} {row['path']}" for row in rows)
            raise DocumentNotFound(str(reference), candidates)
        return document_row(rows[0])

    def _called(self, name: str) -> list[sqlite3.Row]:
        """The documents whose file, in an archive also with that one's name, is called so."""
        # A file that is there and not in the library is meant itself, not its namesake.
        if os.path.lexists(absolute_path(name)):
            return []
        ending = name.replace("/", os.sep)
        ends_so = "WHERE substr(d.path, -length(?)) = ? ORDER BY d.id"
        rows = self._rows(ends_so, ending, ending)
        named = [row for row in rows if name in (Path(row["path"]).name, name_of(row["path"]))]
        # One that is skipped is a copy of another, with no text of its own.
        return [row for row in named if row["status"] != "skipped"] or named

    def searched(self, documents: Sequence[int]) -> list[int]:
        """What is searched in these documents: an archive stands for what is in it.

        A copy, which was skipped, stands for what it is a copy of.
        """
        if not self._knows_archives():
            return list(documents)
        return [row[0] for row in self._all(SELECT_SEARCHED, json.dumps(list(documents)))]

    def text(self, document: int, page: int | None = None) -> str:
        """The canonical text, or that of one page (from 1).

        Raises:
            DocumentNotFound: There is no such document, or it has no text (yet).
            PageNotFound: It has no such page.
        """
        row = self._content(document, "text, structure")
        text: str = row["text"]
        if page is None:
            return text
        starts = _structure(row).page_starts
        if not 1 <= page <= len(starts):
            raise PageNotFound(document, page, len(starts))
        end = starts[page] if page < len(starts) else len(text)
        return text[starts[page - 1] : end]

    def whole(self, documents: Sequence[int]) -> list[tuple[DocumentRow, str]]:
        """Row and canonical text of each document, in the order given."""
        return [(self.document(document), self.text(document)) for document in documents]

    def blocks(self, document: int) -> list[Block]:
        """The text's structural units in order of `start`."""
        return unpack_blocks(_structure(self._content(document, "structure")))

    def passages(self, document: int) -> list[Passage]:
        """All passages of the text that is searched, in order."""
        rows = self._all(
            "SELECT p.first, p.last, p.page, p.headings, p.tokens FROM passages AS p "
            "JOIN documents AS d ON d.content_id = p.content_id WHERE d.id = ? ORDER BY p.first",
            document,
        )
        return [
            Passage(
                start=row["first"],
                end=row["last"],
                page=row["page"],
                headings=tuple(msgspec.json.decode(row["headings"], type=list[str])),
                tokens=row["tokens"],
            )
            for row in rows
        ]

    def warnings(self, document: int) -> list[str]:
        """What could not be read of the document."""
        return list(_structure(self._content(document, "structure")).warnings)

    def scans(self, document: int) -> tuple[ScannedPage, ...]:
        """The pages whose text was recognised in their picture, and how surely."""
        return _structure(self._content(document, "structure")).scans

    def lines(self, document: int, start: int, end: int) -> list[LineBox]:
        """Where the lines of `text[start:end]` stand on their pages.

        Empty where the format has no places.
        """
        rows = self._all(
            "SELECT b.page, b.boxes FROM line_boxes AS b JOIN documents AS d "
            "ON d.content_id = b.content_id WHERE d.id = ? AND b.first < ? AND b.last > ? "
            "ORDER BY b.first",
            document,
            end,
            start,
        )
        return [
            line
            for row in rows
            for line in unpack_lines(row)
            if line.start < end and line.end > start
        ]

    def page_starts(self, document: int) -> tuple[int, ...]:
        """The offset at which each page begins, page 1 first; empty without pages.

        Raises:
            DocumentNotFound: There is no such document, or it has no text (yet).
        """
        return _structure(self._content(document, "structure")).page_starts

    def page_of(self, document: int, offset: int) -> int | None:
        """The page (from 1) on which a character stands; None where there are no pages."""
        starts = _structure(self._content(document, "structure")).page_starts
        return page_at(starts, offset)

    def place_of(self, document: int, start: int, end: int) -> Place | None:
        """Where `text[start:end]` stands, as a person would cite it.

        Without pages and places that is the section. None where the page says it all, or
        nothing does.
        """
        structure = _structure(self._content(document, "structure"))
        if not structure.places:
            return None if structure.page_starts else _section_at(structure, start)
        # A large sheet has a place for each row: only those of the span are looked at.
        first = max(0, bisect_right(structure.places, start, key=lambda row: row[0]) - 1)
        last = bisect_left(structure.places, end, lo=first, key=lambda row: row[0])
        place = place_at(unpack_places(structure.places[first : max(last, first + 1)]), start, end)
        if place is None or place.kind != "line":
            return place
        begin = structure.places[first][0]
        text: str = self._content(document, "text")["text"]
        return msgspec.structs.replace(place, number=place.number + text.count("\n", begin, start))

    def stored_file(self, document: int) -> Path:
        """The document's file as it was when it was read.

        That is its copy in the data folder. Of a file in a watched folder there is none: then
        it is the file itself, as long as it has not changed. A member of an archive is there
        while it is unpacked: see `Archives.file_of`.

        Raises:
            DocumentNotFound: There is no such document, or no such file of it.
        """
        row = self._one(
            "SELECT path, sha256, bytes, mtime_ns FROM documents WHERE id = ?", document
        )
        if row is None or row["sha256"] is None:
            raise DocumentNotFound(str(document))
        copy = stored_path(self._data_dir, row["sha256"], row["path"])
        if copy.is_file():
            return copy
        unpacked = find_unpacked(unpacked_folder(self._data_dir), row["sha256"], row["path"])
        if unpacked is not None:
            return unpacked
        original = Path(row["path"])
        try:
            info = original.stat()
        except OSError:
            raise DocumentNotFound(str(document)) from None
        if (info.st_size, info.st_mtime_ns) != (row["bytes"], row["mtime_ns"]):
            raise DocumentNotFound(str(document))
        return original

    def close(self) -> None:
        """Lets go of the database; the next call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _content(self, document: int, columns: str) -> sqlite3.Row:
        row = self._one(
            f"SELECT {columns} FROM contents "
            "WHERE id = (SELECT content_id FROM documents WHERE id = ?)",
            document,
        )
        if row is None:
            is_known = bool(self._rows("WHERE d.id = ?", document))
            raise DocumentNotFound(str(document), without_text=is_known)
        return row

    def _rows(self, condition: str, *values: object) -> list[sqlite3.Row]:
        select = SELECT_ROWS
        # An index of an earlier version has neither until it is opened for writing, or only
        # collections, which may be made before that.
        if not self._knows_archives():
            collections = _COLLECTIONS if self._has("collection_documents") else "'[]'"
            select = _SELECT_ROWS.format(collections=collections, archive=_NO_ARCHIVE)
        return self._all(f"{select} {condition}", *values)

    def _knows_archives(self) -> bool:
        """Whether the index was opened for writing since there are members of archives."""
        known = self._all("SELECT 1 FROM pragma_table_info('documents') WHERE name = 'members'")
        return bool(known)

    def _one(self, query: str, *values: object) -> sqlite3.Row | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None

    def _all(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            connection = self._open()
            return connection.execute(query, values).fetchall() if connection else []

    def _has(self, table: str) -> bool:
        with self._lock:
            connection = self._open()
            return connection is not None and has_table(connection, table)

    def _open(self) -> sqlite3.Connection | None:
        """The connection; None before there is anything to read. Within the lock."""
        if self._connection is None:
            connection = connect_to_read(self._data_dir)
            if connection is not None and not has_table(connection, "index_facts"):
                connection.close()
                return None
            self._connection = connection
        return self._connection


def absolute_path(path: str) -> str:
    """A path as documents are known by: whole, without "..", links not followed."""
    return os.path.normpath(Path(path).expanduser().absolute())


def stored_path(data_dir: Path, sha256: str, path: str) -> Path:
    """Where a file's copy lies: by its content, with the suffix that readers go by."""
    return data_dir / "files" / sha256[:2] / f"{sha256}{Path(path).suffix.lower()}"


def page_at(page_starts: Sequence[int], offset: int) -> int | None:
    """The page (from 1) that holds a character offset; None without pages."""
    if not page_starts:
        return None
    return max(1, bisect_right(page_starts, offset))


def _section_at(structure: Structure, offset: int) -> Place | None:
    """The innermost section that a character stands in; a heading stands in its own."""
    found = max(0, bisect_right(structure.blocks, offset, key=lambda block: block[0]) - 1)
    for _, _, kind, _, path in structure.blocks[found : found + 2]:
        headings = structure.headings[path]
        if headings and kind != "heading":
            return Place("section", name=headings[-1])
        if kind != "heading":
            break
    return None


def _structure(row: sqlite3.Row) -> Structure:
    return unpack_structure(row["structure"])
