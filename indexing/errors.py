"""Every error that indexing raises on purpose.

    IndexingError
    ├── ReadError(path)                     one file could not be read; the rest goes on
    │   ├── FileMissing
    │   ├── UnsupportedFormat(suffix)
    │   ├── ConverterMissing(suffix)
    │   ├── FileUnreadable(problem)
    │   ├── TooLarge(what, amount, limit)
    │   ├── ReadTimeout(seconds)
    │   ├── PasswordNeeded(wrong)
    │   └── EmptyDocument(pages, ocr_off)
    ├── DocumentNotFound(ref, candidates, without_text)
    ├── PageNotFound(document, page, pages)
    ├── CollectionNotFound(name)
    ├── CollectionExists(name)
    ├── CollectionOfFolder(name)
    ├── FolderNotFound(path)
    ├── FolderNotWatched(ref)
    ├── StoreBusy(path, pid)
    ├── StoreDamaged(path, problem)
    ├── NewerDatabase(component, found, known)
    ├── EmbedderMissing(path)
    └── EmbedderUnsound(path, problem)

An error carries facts, never a sentence for the person: who shows it words it.
"""

from __future__ import annotations


class IndexingError(Exception):
    """Something indexing could not do, with its facts as attributes."""


class ReadError(IndexingError):
    """A file could not be turned into a canonical document.

    Attributes:
        path: The file, as it was given.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class FileMissing(ReadError):
    """There is no such file, or it is not a regular file that may be opened."""


class UnsupportedFormat(ReadError):
    """No reader knows this kind of file.

    Attributes:
        suffix: The name's suffix in lower case with its dot, "" without one.
    """

    def __init__(self, path: str, suffix: str) -> None:
        super().__init__(path)
        self.suffix = suffix


class ConverterMissing(ReadError):
    """A file of an old format, which only LibreOffice reads, and LibreOffice is not installed.

    Attributes:
        suffix: The name's suffix in lower case with its dot.
    """

    def __init__(self, path: str, suffix: str) -> None:
        super().__init__(path)
        self.suffix = suffix


class FileUnreadable(ReadError):
    """The file is of a known kind, but damaged or not what its name says.

    Attributes:
        problem: What the parser found, for the details; not translated.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path)
        self.problem = problem


class TooLarge(ReadError):
    """The file asks for more than a reader allows.

    Attributes:
        what: What there is too much of: "bytes", "pages", "characters" or "unpacked bytes".
        amount: How much there is, as far as it is known.
        limit: How much is allowed.
    """

    def __init__(self, path: str, what: str, amount: int, limit: int) -> None:
        super().__init__(path)
        self.what = what
        self.amount = amount
        self.limit = limit


class ReadTimeout(ReadError):
    """The file was not read in the time that a file of its size may take.

    Attributes:
        seconds: How long that is.
    """

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(path)
        self.seconds = seconds


class PasswordNeeded(ReadError):
    """The file is encrypted.

    Attributes:
        wrong: True when a password was given and did not open it.
    """

    def __init__(self, path: str, wrong: bool = False) -> None:
        super().__init__(path)
        self.wrong = wrong


class EmptyDocument(ReadError):
    """The file holds no text: an empty file, or a scan without a text layer.

    Attributes:
        pages: How many pages it has; None where the format has no pages.
        ocr_off: Whether pictures of its pages were not read as recognition is switched off.
    """

    def __init__(self, path: str, pages: int | None = None, ocr_off: bool = False) -> None:
        super().__init__(path)
        self.pages = pages
        self.ocr_off = ocr_off


class DocumentNotFound(IndexingError):
    """No document of the library has this id or path, and no single one a file of this name.

    Attributes:
        ref: The id, path or name that was asked for, as text.
        candidates: Where several have a file of this name, a line for each: its id, a space and
            its path.
        without_text: Whether it is there, and its text was asked for, which it has not (yet).
    """

    def __init__(self, ref: str, candidates: str = "", without_text: bool = False) -> None:
        super().__init__(ref, candidates, without_text)
        self.ref = ref
        self.candidates = candidates
        self.without_text = without_text


class PageNotFound(IndexingError):
    """The document has no such page.

    Attributes:
        pages: How many it has; 0 for a format without pages.
    """

    def __init__(self, document: int, page: int, pages: int) -> None:
        super().__init__(document, page, pages)
        self.document = document
        self.page = page
        self.pages = pages


class CollectionNotFound(IndexingError):
    """No document belongs to this collection."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class CollectionExists(IndexingError):
    """Another collection has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class CollectionOfFolder(IndexingError):
    """A watched folder keeps its documents under this name: it is there as long as the folder."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class FolderNotFound(IndexingError):
    """There is no such folder to be watched.

    Attributes:
        path: The folder, whole.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class FolderNotWatched(IndexingError):
    """No watched folder has this id or path.

    Attributes:
        ref: The id or path that was asked for, as text.
    """

    def __init__(self, ref: str) -> None:
        super().__init__(ref)
        self.ref = ref


class StoreBusy(IndexingError):
    """Another process holds the data folder's store.

    Attributes:
        path: The store's folder or file.
        pid: The process that holds it, as far as it is known.
    """

    def __init__(self, path: str, pid: int | None = None) -> None:
        super().__init__(path)
        self.path = path
        self.pid = pid


class StoreDamaged(IndexingError):
    """The store on disk cannot be opened or does not hold together.

    Attributes:
        path: The store's folder or file.
        problem: What was found, for the details; not translated.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path)
        self.path = path
        self.problem = problem


class NewerDatabase(IndexingError):
    """The database was written by a newer Studiolo.

    Attributes:
        component: Whose tables they are.
        found: Their version.
        known: The newest version that this Studiolo knows.
    """

    def __init__(self, component: str, found: int, known: int) -> None:
        super().__init__(component, found, known)
        self.component = component
        self.found = found
        self.known = known


class EmbedderMissing(IndexingError):
    """The embedding model is not where it should be.

    Attributes:
        path: Where it should be.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class EmbedderUnsound(IndexingError):
    """An embedding model is there and cannot be used.

    Attributes:
        path: Where it is.
        problem: A word for why: "no_vectors" where what it makes of a text is no vector of length
            1; others are those of the library that it is opened with.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem
