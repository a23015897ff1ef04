"""The words indexing and its callers share: documents, passages, hits, progress.

The invariant that everything stands on: a place in a document is
`(document, start, end)`, character offsets (Unicode code points) into the
document's one canonical text, and `text[start:end]` is the quote, exactly.
"""

from __future__ import annotations

from typing import Literal

import msgspec

BlockKind = Literal["heading", "paragraph", "list_item", "table", "code", "quote"]
DocumentStatus = Literal["queued", "ready", "failed", "skipped"]
Unavailable = Literal["missing", "not_mounted", "unreadable", "empty"]
PlaceKind = Literal[
    "page", "slide", "sheet", "chapter", "message", "section", "line", "time", "file"
]


# What the reason of a document begins with of which only the first pages are there yet.
PARTLY_READ = "partly_read"


class LineBox(msgspec.Struct, frozen=True):
    """Where one line of text stands on a page image.

    Coordinates are fractions of the page's width and height (0 to 1) from its top left
    corner, so that they hold for a page image of any size.
    """

    start: int
    end: int
    page: int
    left: float
    top: float
    right: float
    bottom: float


class ScannedPage(msgspec.Struct, frozen=True, array_like=True):
    """A page whose text was recognised in its picture.

    Attributes:
        page: From 1.
        confidence: How sure the recognition is of what it read, 0 to 1, weighted by length.
    """

    page: int
    confidence: float


class Block(msgspec.Struct, frozen=True):
    """A structural unit of a document: `text[start:end]`.

    Attributes:
        kind: What it is.
        page: Page it starts on, from 1; None where the format has no pages.
        headings: Titles of the sections it stands in, outermost first.
    """

    start: int
    end: int
    kind: BlockKind
    page: int | None = None
    headings: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """Where in its file something stands, as a person would cite it.

    Attributes:
        kind: What the file is divided into; "file" where it only holds other files. A "line"
            counts on: what stands three lines below line 5 is line 8.
        number: Which one, from 1; of a "time", seconds from the beginning.
        name: Its name: a sheet's, a chapter's title, a message's subject; "" without one.
        cells: Cells of a sheet, "A2:D9"; "" elsewhere.
        file: The attachment or member of an archive that it stands in, behind those that hold
            that one ("old.zip/prices.xlsx"); "" for the document's file itself.
    """

    kind: PlaceKind
    number: int = 1
    name: str = ""
    cells: str = ""
    file: str = ""


class Rest(msgspec.Struct, frozen=True):
    """What is not read yet of a long file, of which a part is.

    Attributes:
        read: How many pages are, those of the parts before included.
        pages: How many the file has.
        state: What the reading of the next part goes on from; the reader's own affair, which a
            later version of it can still read.
        problem: Why it could not be read, as the reason of a document says it; "" so far.
    """

    read: int
    pages: int
    state: bytes
    problem: str = ""


class CanonicalDocument(msgspec.Struct, frozen=True):
    r"""A file's one canonical text and its structure, or a part of a long file's.

    Attributes:
        title: The document's own title, else its file name without the suffix.
        kind: What kind of file it is: "pdf", "docx", "text" and so on.
        text: The canonical text. Line ends are "\n".
        blocks: In order of `start`, not overlapping; what lies between is white space.
        page_starts: Offset at which each page (slide, sheet, chapter, message) begins, the first
            first; empty without pages.
        lines: Where each line stands on its page, where the format says so.
        warnings: What could not be read, as sentences with facts ("page 3 has no text"); with
            a part, also of the parts before it.
        places: Offsets from which on a place holds, in order; none where pages say it all.
        scans: The pages whose text was recognised in their picture (OCR), in order.
        rest: What of the file follows this part, whose offsets and pages count from its own
            beginning; None at the end.
    """

    title: str
    kind: str
    text: str
    blocks: tuple[Block, ...]
    page_starts: tuple[int, ...] = ()
    lines: tuple[LineBox, ...] = ()
    warnings: tuple[str, ...] = ()
    places: tuple[tuple[int, Place], ...] = ()
    scans: tuple[ScannedPage, ...] = ()
    rest: Rest | None = None


class Passage(msgspec.Struct, frozen=True):
    """A piece of a document small enough to embed: `text[start:end]`.

    Attributes:
        tokens: Its length in the embedder's tokens, headings not counted.
    """

    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    tokens: int


class DocumentRow(msgspec.Struct, frozen=True):
    """A document as the library lists it; field names are the command line's contract.

    Attributes:
        collection: The collection that it was added under; in a watched folder the folder's.
        collections: All that it belongs to: that one, then those that a person put it into.
        archive: The archive that it is a member of, or the mail that it is attached to; its
            path begins with that one's.
        members: Of an archive: how many files are in it that are documents of their own.
        attachments: Of a mail: the same. It is a document itself, too.
    """

    id: int
    path: str
    title: str
    kind: str
    pages: int | None
    passages: int
    status: DocumentStatus
    reason: str | None
    bytes: int
    indexed_at: str | None
    collection: str | None
    collections: tuple[str, ...] = ()
    archive: int | None = None
    members: int | None = None
    attachments: int | None = None

    @property
    def is_partly_read(self) -> bool:
        """Whether its text holds no more than the first pages, while the others are read."""
        return self.reason is not None and self.reason.startswith(PARTLY_READ)


class Member(msgspec.Struct, frozen=True):
    """A file in an archive, or one that is attached to a mail.

    Attributes:
        name: Its name in the archive, behind those of archives and mails within that hold it
            ("old.zip/prices.xlsx").
        bytes: Its size, unpacked.
        sha256: Of its content; "" where it could not be unpacked.
        reason: Why not, as the reason of a document says it; "" where it could.
    """

    name: str
    bytes: int
    sha256: str
    reason: str = ""


class Unpacked(msgspec.Struct, frozen=True):
    """What is in an archive, or attached to a mail.

    Attributes:
        members: The files that some reader knows.
        left_out: Names of the others.
        is_archive: Whether the file is nothing but what is in it. A mail is not, nor is what
            only its name calls an archive.
    """

    members: tuple[Member, ...] = ()
    left_out: tuple[str, ...] = ()
    is_archive: bool = True


class Hit(msgspec.Struct, frozen=True):
    """A passage that a search found, best first from rank 1."""

    rank: int
    score: float
    document: int
    path: str
    title: str
    page: int | None
    start: int
    end: int
    text: str


class SearchResult(msgspec.Struct, frozen=True):
    """What a search found and how long it took, the query's embedding included."""

    query: str
    hits: tuple[Hit, ...]
    ms: float


class Evidence(msgspec.Struct, frozen=True):
    """A span of a document chosen to be shown to the model: `text` is its exact text.

    Attributes:
        relevance: Cosine similarity of the query and the best passage in the span (-1 to 1).
        passages: How many passages the span joins.
    """

    document: int
    path: str
    title: str
    page: int | None
    headings: tuple[str, ...]
    start: int
    end: int
    text: str
    score: float
    relevance: float
    passages: int


class ReadProgress(msgspec.Struct, frozen=True, tag=True):
    """How far a file is read, in pages; `total` is None while unknown.

    Attributes:
        scanned: Pages whose picture was read so far, which takes seconds each.
    """

    done: int
    total: int | None
    scanned: int = 0


class IndexProgress(msgspec.Struct, frozen=True, tag=True):
    """How far an indexing run is.

    Attributes:
        document: The row as it stands now (its status changes as the run goes on).
        stage: What happens to it now; once it is finished it may be compared with others. While
            a folder is looked at, it stands in the place of a document, with the id 0.
        done: Passages embedded, or pages read, of this document; files found in a folder.
        total: Out of how many; None while unknown.
        files_left: Files of the run that are not finished, this one included.
        passages_left: Passages known to wait for their embedding in the whole run.
    """

    document: DocumentRow
    stage: Literal["queued", "reading", "embedding", "finished", "comparing", "looking"]
    done: int
    total: int | None
    files_left: int
    passages_left: int


class EmbedderUse(msgspec.Struct, frozen=True):
    """Which embedder answers, and which is to take its place.

    Attributes:
        path: Where the one is that answers.
        coming: Where the one is that takes its place once `left` is 0; None where none does.
        passages: Passages that are searched.
        left: Of those, how many have no vector of the coming one yet.
    """

    path: str
    coming: str | None = None
    passages: int = 0
    left: int = 0


class EmbedderForecast(msgspec.Struct, frozen=True):
    """What it takes to search with another embedder.

    Attributes:
        passages: How many are to be embedded.
        seconds: How long that takes, about, on a machine that does nothing else.
    """

    passages: int
    seconds: float


class FolderPart(msgspec.Struct, frozen=True):
    """Where a watched folder is to be looked at: at these paths, or everywhere without any."""

    folder: int
    paths: tuple[str, ...] = ()


class AddReport(msgspec.Struct, frozen=True):
    """How each file of a run ended, and its seconds.

    Attributes:
        unsupported: Files in the given folders that no reader knows; they have no row.
        gone: Documents whose files are no longer in their watched folder, which is there. They
            are still in the library: `Index.drop_gone` takes them out.
        unavailable: Watched folders, by id, that are not there; their documents are kept.
        unsettled: Where files were still being written: to be looked at again in a moment.
    """

    documents: tuple[DocumentRow, ...]
    seconds: float
    unsupported: int = 0
    gone: tuple[DocumentRow, ...] = ()
    unavailable: dict[int, Unavailable] = msgspec.field(default_factory=dict[int, Unavailable])
    unsettled: tuple[FolderPart, ...] = ()


class WatchedFolder(msgspec.Struct, frozen=True):
    """A folder whose files the library follows.

    Attributes:
        collection: Name that its documents are kept under.
        include: Patterns of files that are taken; none takes all.
        exclude: Patterns that are left out, beside those that always are.
        mount: Where the disk that holds it was mounted when it came to be watched.
        inode: What the file system knew the folder by when it last held something.
        mounts: Folders within it that other disks are mounted on.
        documents: The documents that follow its files.
        lost: How many others followed it until lately, and went with their files unasked.
    """

    id: int
    path: str
    collection: str | None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    mount: str = "/"
    inode: str | None = None
    mounts: tuple[str, ...] = ()
    documents: tuple[int, ...] = ()
    lost: int = 0


class Like(msgspec.Struct, frozen=True):
    """A document that another one is nearly the same as, or with the same content.

    Attributes:
        share: Of the sequences of words that the two have, how many they have in common, 0 to 1.
    """

    document: int
    is_same: bool
    share: float


class FolderNews(msgspec.Struct, frozen=True):
    """What watching tells.

    Attributes:
        changed: Where something may have changed.
        unavailable: Of all watched folders, by id, those that are not there.
    """

    changed: tuple[FolderPart, ...] = ()
    unavailable: dict[int, Unavailable] = msgspec.field(default_factory=dict[int, Unavailable])
