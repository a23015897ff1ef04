"""The texts that were read of documents' files, in SQLite: `contents`, as the schema says.

Every method commits before it returns, but for those that say otherwise.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from itertools import groupby
from pathlib import PurePath

import msgspec

from indexing.database import transaction
from indexing.structure import (
    extend_structure,
    moved,
    pack_lines,
    pack_structure,
)
from indexing.types import PARTLY_READ, CanonicalDocument, Passage, Rest

# What stands between the parts of a text, as between its paragraphs.
_BETWEEN = "\n\n"
_REST = msgspec.msgpack.Decoder(Rest)


class ContentStore:
    """The readings of documents on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, document: int, sha256: str) -> int | None:
        """The reading of this content that the document has already, finished or not."""
        row = self._db.execute(
            "SELECT id FROM contents WHERE document_id = ? AND sha256 = ? ORDER BY id DESC",
            (document, sha256),
        ).fetchone()
        return int(row[0]) if row is not None else None

    def put(
        self, document: int, sha256: str, canonical: CanonicalDocument, passages: Sequence[Passage]
    ) -> int | None:
        """Stores a reading, or the first part of one, with its passages, not embedded yet.

        A document's first reading can be found by its words at once; a later one waits, and
        the earlier is searched, until `finish`.

        Returns:
            The content's id; None when the document is gone.
        """
        text = canonical.text
        with transaction(self._db):
            row = self._document(document)
            if row is None:
                return None
            self.drop_pending(document)
            done = self._db.execute(
                "INSERT INTO contents (document_id, sha256, title, kind, pages, passages, text, "
                "structure, rest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document,
                    sha256,
                    canonical.title,
                    canonical.kind,
                    len(canonical.page_starts) or None,
                    len(passages),
                    text,
                    pack_structure(canonical),
                    _packed(canonical.rest),
                ),
            )
            content = done.lastrowid
            assert content is not None
            self._put_lines(content, canonical)
            self._put_passages(content, canonical.title, text, passages)
            self._tell_rest(document, len(canonical.page_starts), canonical.rest)
            if row["content_id"] is None:
                self._db.execute(
                    "UPDATE documents SET content_id = ?, title = ?, kind = ? WHERE id = ?",
                    (content, canonical.title, canonical.kind, document),
                )
        return content

    def rest(self, content: int) -> Rest | None:
        """What is not read yet of the file that a text comes from; None where that is whole."""
        row = self._db.execute("SELECT rest FROM contents WHERE id = ?", (content,)).fetchone()
        return _REST.decode(row["rest"]) if row is not None and row["rest"] is not None else None

    def add_part(self, content: int, part: CanonicalDocument, passages: Sequence[Passage]) -> bool:
        """Adds the next part of a long file to the end of its text.

        Args:
            content: The reading that the parts before it are.
            part: With offsets and pages that count from its own beginning.
            passages: Its passages, with the same offsets and pages.

        Returns:
            Whether the document is still there.
        """
        with transaction(self._db):
            row = self._db.execute(
                "SELECT document_id, title, length(text) AS length, structure, "
                "coalesce(pages, 0) AS pages FROM contents WHERE id = ?",
                (content,),
            ).fetchone()
            if row is None:
                return False
            gap = _BETWEEN if row["length"] and part.text else ""
            start, pages = row["length"] + len(gap), row["pages"]
            placed = moved(part, start, pages)
            self._db.execute(
                "UPDATE contents SET text = text || ?, structure = ?, pages = ?, "
                "passages = passages + ?, rest = ? WHERE id = ?",
                (
                    gap + part.text,
                    extend_structure(row["structure"], placed),
                    pages + len(part.page_starts) or None,
                    len(passages),
                    _packed(part.rest),
                    content,
                ),
            )
            self._put_lines(content, placed)
            self._put_passages(content, row["title"], part.text, passages, start, pages)
            self._tell_rest(row["document_id"], pages + len(part.page_starts), part.rest)
            self._db.execute(
                "UPDATE documents SET status = 'queued' WHERE id = ? AND status = 'ready'",
                (row["document_id"],),
            )
        return True

    def end(self, content: int, problem: str) -> None:
        """Notes that the rest of a file could not be read, and why: the text is what it is."""
        rest = self.rest(content)
        if rest is not None:
            with transaction(self._db):
                rest = msgspec.structs.replace(rest, problem=problem)
                self._db.execute(
                    "UPDATE contents SET rest = ? WHERE id = ?", (_packed(rest), content)
                )

    def copy(self, document: int, sha256: str) -> int | None:
        """Takes over the reading of this content that another document has.

        Its passages are not embedded yet, but what was embedded of the other's is known by its
        digest and serves for them as well.

        Returns:
            The content's id; None where no other document has one.
        """
        with transaction(self._db):
            row = self._document(document)
            other = self._db.execute(
                "SELECT c.*, d.path FROM contents AS c JOIN documents AS d "
                "ON d.content_id = c.id WHERE c.sha256 = ? AND d.status = 'ready' "
                "AND d.id != ? ORDER BY c.id LIMIT 1",
                (sha256, document),
            ).fetchone()
            if row is None or other is None or not _read_alike(row["path"], other["path"]):
                return None
            self.drop_pending(document)
            # Without a title of its own it is called after its file.
            named = other["title"] == PurePath(other["path"]).stem
            title = PurePath(row["path"]).stem if named else other["title"]
            content = self._db.execute(
                "INSERT INTO contents (document_id, sha256, title, kind, pages, passages, text, "
                "structure, rest) SELECT ?, sha256, ?, kind, pages, passages, text, structure, "
                "rest FROM contents WHERE id = ?",
                (document, title, other["id"]),
            ).lastrowid
            assert content is not None
            self._db.execute(
                "INSERT INTO line_boxes SELECT ?, page, first, last, boxes FROM line_boxes "
                "WHERE content_id = ? ORDER BY rowid",
                (content, other["id"]),
            )
            self._db.execute(
                "INSERT INTO passages (content_id, first, last, page, headings, tokens) "
                "SELECT ?, first, last, page, headings, tokens FROM passages "
                "WHERE content_id = ? ORDER BY id",
                (content, other["id"]),
            )
            self._db.execute(
                "INSERT INTO passage_words (rowid, title, headings, body) "
                "SELECT mine.id, ?, w.headings, w.body FROM passages AS mine "
                "JOIN passages AS other ON other.content_id = ? AND other.first = mine.first "
                "AND other.last = mine.last JOIN passage_words AS w ON w.rowid = other.id "
                "WHERE mine.content_id = ?",
                (title, other["id"], content),
            )
            if row["content_id"] is None:
                self._db.execute(
                    "UPDATE documents SET content_id = ?, title = ?, kind = ? WHERE id = ?",
                    (content, title, other["kind"], document),
                )
        return content

    # ---- for others, within a transaction of theirs ----------------------------------------

    def drop_pending(self, document: int) -> list[int]:
        """Drops the readings of a document that are not searched; returns their passages."""
        return self._drop(
            "document_id = ?1 AND id IS NOT (SELECT content_id FROM documents WHERE id = ?1)",
            document,
        )

    def drop_unfinished(self, document: int) -> list[int]:
        """The same, and drops a text that was searched while it was read."""
        gone = self.drop_pending(document)
        return gone + self._drop(
            "document_id = ?1 AND rest IS NOT NULL "
            "AND (SELECT indexed_at FROM documents WHERE id = ?1) IS NULL",
            document,
        )

    def drop_all(self, document: int) -> list[int]:
        """Drops all readings of a document; returns their passages."""
        return self._drop("document_id = ?1", document)

    # ---- within a transaction --------------------------------------------------------------

    def _document(self, document: int) -> sqlite3.Row | None:
        return self._db.execute("SELECT * FROM documents WHERE id = ?", (document,)).fetchone()

    def _tell_rest(self, document: int, read: int, rest: Rest | None) -> None:
        """Lets a document say how many pages of its only text are there."""
        told = None if rest is None else f"{PARTLY_READ}: {read} of {rest.pages} pages"
        self._db.execute(
            "UPDATE documents SET reason = ? WHERE id = ? AND indexed_at IS NULL",
            (told, document),
        )

    def _put_lines(self, content: int, canonical: CanonicalDocument) -> None:
        for page, group in groupby(canonical.lines, key=lambda line: line.page):
            lines = list(group)
            first, last = min(x.start for x in lines), max(x.end for x in lines)
            self._db.execute(
                "INSERT INTO line_boxes VALUES (?, ?, ?, ?, ?)",
                (content, page, first, last, pack_lines(lines)),
            )

    def _put_passages(
        self,
        content: int,
        title: str,
        text: str,
        passages: Sequence[Passage],
        offset: int = 0,
        pages: int = 0,
    ) -> None:
        """Stores the passages of a text that stands behind so many characters and pages."""
        for passage in passages:
            done = self._db.execute(
                "INSERT INTO passages (content_id, first, last, page, headings, tokens) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    content,
                    passage.start + offset,
                    passage.end + offset,
                    None if passage.page is None else passage.page + pages,
                    json.dumps(passage.headings, ensure_ascii=False),
                    passage.tokens,
                ),
            )
            self._db.execute(
                "INSERT INTO passage_words (rowid, title, headings, body) VALUES (?, ?, ?, ?)",
                (
                    done.lastrowid,
                    title,
                    "\n".join(passage.headings),
                    text[passage.start : passage.end],
                ),
            )

    def _drop(self, condition: str, document: int) -> list[int]:
        passages = [
            row[0]
            for row in self._db.execute(
                "SELECT id FROM passages WHERE content_id IN "
                f"(SELECT id FROM contents WHERE {condition})",
                (document,),
            )
        ]
        self._db.execute(f"DELETE FROM contents WHERE {condition}", (document,))
        return passages


def _packed(rest: Rest | None) -> bytes | None:
    return None if rest is None else msgspec.msgpack.encode(rest)


def _read_alike(path: str, other: str) -> bool:
    """Whether two files of the same content are read by the same reader."""
    return PurePath(path).suffix.lower() == PurePath(other).suffix.lower()
