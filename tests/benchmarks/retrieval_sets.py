"""The question sets that retrieval is measured with, in the layouts they come in."""

from __future__ import annotations

import csv
import fnmatch
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexing.catalog import Catalog
from indexing.index import Index
from indexing.search import PassageRow
from indexing.types import Block, CanonicalDocument, Evidence

_CITED_PAGE = re.compile(r"\[([^\[\]#]+)#page=(\d+)\]")


# The keys by which a question set names what stands in a span of a document.
KeysOf = Callable[[PassageRow | Evidence], Sequence[str]]


class Question(NamedTuple):
    """A question, the keys that are right for it with their grades, and its answers."""

    text: str
    relevant: Mapping[str, float]
    answers: Sequence[str]


class Set(NamedTuple):
    """A question set and how a passage is named by its keys."""

    questions: Sequence[Question]
    keys_of: KeysOf


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON lines file, which may be compressed."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def index_items(index: Index, corpus: Path) -> Generator[None]:
    """Indexes a corpus, each item as a document of its own; yields between steps."""

    def texts() -> Iterator[tuple[str, CanonicalDocument, str]]:
        for item in rows_of(corpus):
            text = str(item["text"]).strip()
            if not text:
                continue
            document = CanonicalDocument(
                title=str(item.get("title", "")).strip(),
                kind="text",
                text=text,
                blocks=(Block(0, len(text), "paragraph"),),
            )
            digest = hashlib.sha256(f"{item['_id']}\n{text}".encode()).hexdigest()
            yield f"/corpus/{item['_id']}", document, digest

    yield from (None for _ in index.add_texts(texts()))


def beir_set(folder: Path) -> Set:
    """Questions of a set in the BEIR layout; a passage counts for its document."""
    relevant: dict[str, dict[str, float]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines():
        query, item, grade = line.split("\t")
        if grade.lstrip("-").isdecimal() and int(grade) > 0:
            relevant.setdefault(query, {})[item] = float(grade)
    answers: dict[str, Sequence[str]] = {}
    if (folder / "answers.jsonl").is_file():
        answers = {row["id"]: row["answers"] for row in rows_of(folder / "answers.jsonl")}
    questions = [
        Question(row["text"], relevant[row["_id"]], answers.get(row["_id"], ()))
        for row in rows_of(folder / "queries.jsonl")
        if row["_id"] in relevant
    ]
    return Set(questions, lambda row: [row.path.removeprefix("/corpus/")])


def pages_set(folder: Path, catalog: Catalog) -> Set:
    """Questions whose truth cites pages; a passage counts for each page that it stands on."""
    questions: list[Question] = []
    for row in rows_of(folder / "questions.jsonl"):
        cited = {f"{file}#{page}": 1.0 for file, page in _CITED_PAGE.findall(row["truth"])}
        if cited:
            questions.append(Question(row["question"], cited, ()))

    def pages(row: PassageRow | Evidence) -> Sequence[str]:
        last = catalog.page_of(row.document, row.end - 1)
        numbers = range(row.page, (last or row.page) + 1) if row.page is not None else ()
        return [f"{Path(row.path).name}#{number}" for number in numbers]

    return Set(questions, pages)


def files_set(folder: Path) -> Set:
    """Questions of `qna_data.csv`, whose truth names files; a passage counts for its file."""
    names = sorted(path.name for path in folder.rglob("*.pdf"))
    questions: list[Question] = []
    with (folder / "qna_data.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            wanted = [
                pattern.strip().removesuffix(".pdf") for pattern in row["Source Docs"].split(",")
            ]
            right = {n: 1.0 for n in names for w in wanted if fnmatch.fnmatch(n, f"{w}.pdf")}
            if right:
                questions.append(Question(row["Question"], right, ()))
    return Set(questions, lambda row: [Path(row.path).name])


class Spans(NamedTuple):
    """A question, and the parts of a document's canonical text that it needs."""

    text: str
    path: str
    spans: Sequence[tuple[int, int]]


def spans_set(folder: Path, catalog: Catalog) -> list[Spans]:
    """Questions of `questions_df.csv`, whose truth is spans of the raw files.

    A reader leaves out what is only markup, so the spans are found in the canonical text by
    their letters and digits, next to where they stand in the raw one.
    """
    places = {path.stem: _Placed(path, catalog) for path in folder.glob("corpora/*.md")}
    questions: list[Spans] = []
    with (folder / "questions_df.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            place = places[row["corpus_id"]]
            parts = [(p["start_index"], p["end_index"]) for p in json.loads(row["references"])]
            questions.append(Spans(row["question"], place.path, [place.span(*p) for p in parts]))
    return questions


class _Placed:
    """A raw text laid upon its canonical one."""

    def __init__(self, path: Path, catalog: Catalog) -> None:
        document = catalog.document(str(path))
        self.path = document.path
        self._raw, self._raw_places = _letters(path.read_text(encoding="utf-8"))
        self._text, self._places = _letters(catalog.text(document.id))

    def span(self, start: int, end: int) -> tuple[int, int]:
        first, last = np.searchsorted(self._raw_places, (start, end))
        wanted = self._raw[first:last]
        expected = first * len(self._text) // len(self._raw)
        found = [match.start() for match in re.finditer(re.escape(wanted), self._text)]
        if not found:
            raise SystemExit(f"{self.path}: what a question needs of it was not read")
        at = min(found, key=lambda place: abs(place - expected))
        return int(self._places[at]), int(self._places[at + len(wanted) - 1]) + 1


def _letters(text: str) -> tuple[str, np.ndarray]:
    places = [place for place, sign in enumerate(text) if sign.isalnum()]
    return "".join(text[place] for place in places), np.array(places)
