"""How well the right passages are found: keywords alone, embedder alone, and both fused.

    python -m tests.benchmarks.retrieval DATA_DIR [--index FOLDER] [--seconds N] [--json]

DATA_DIR is either a set in the BEIR layout (`corpus.jsonl` or `.gz` with `_id`, `title`,
`text`; `queries.jsonl`; `qrels.tsv`), for which each item is indexed as one document and a
document ranks as its best passage; or a folder of files with a `questions.jsonl` whose
`truth` cites pages as `[file.pdf#page=3]`. Where the set has `answers.jsonl`, the evidence
for each question is asked for at several budgets, and searched for the answer.

All three rankings come from the same passages, through the index itself. With `--index` the
index is kept in that folder and used again; `--seconds` stops indexing after that time, to
be continued by the next call.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from indexing.catalog import Catalog
from indexing.fusion import DEPTH
from indexing.index import Index
from indexing.readers.read import read
from indexing.search import PassageRow
from indexing.types import Block, CanonicalDocument

_CUTS = (1, 3, 5, 10)
_BUDGETS = (1500, 3000, 4500, 6000)
_CITED_PAGE = re.compile(r"\[([^\[\]#]+)#page=(\d+)\]")


# The keys by which a question set names what stands in a span of a document.
KeysOf = Callable[[PassageRow], Sequence[str]]


class Question(NamedTuple):
    """A question, the keys that are right for it with their grades, and its answers."""

    text: str
    relevant: Mapping[str, float]
    answers: Sequence[str]


class Set(NamedTuple):
    """A question set and how a passage is named by its keys."""

    questions: Sequence[Question]
    keys_of: KeysOf


def embedder_folder() -> Path:
    """The embedding model: where the tests have it."""
    return Path(os.environ["STUDIOLO_TEST_MODELS"]) / "all-MiniLM-L6-v2"


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

    def pages(row: PassageRow) -> Sequence[str]:
        last = catalog.page_of(row.document, row.end - 1)
        numbers = range(row.page, (last or row.page) + 1) if row.page is not None else ()
        return [f"{Path(row.path).name}#{number}" for number in numbers]

    return Set(questions, pages)


def rankings(index: Index, query: str, keys_of: KeysOf) -> dict[str, Any]:
    """Keys in order, best first, by each method, and the fused search's milliseconds."""
    searcher = index.searcher
    dense, words = searcher.dense(query, DEPTH), searcher.keywords(query, DEPTH)
    begin = time.perf_counter()
    fused = [item.passage for item in searcher.rank([query])[0]]
    rows = searcher.read([*dense, *words, *fused])
    took = (time.perf_counter() - begin) * 1000

    def keys(passages: Sequence[int]) -> list[str]:
        return list(dict.fromkeys(key for p in passages if p in rows for key in keys_of(rows[p])))

    return {"bm25": keys(words), "dense": keys(dense), "fused": keys(fused), "ms": took}


def measures(ranked: Sequence[str], relevant: Mapping[str, float]) -> dict[str, float]:
    """nDCG@10, recall@10 and hit@k of one ranking."""
    gains = [relevant.get(key, 0.0) for key in ranked[:10]]
    ideal = sorted(relevant.values(), reverse=True)[:10]
    discounted = sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))
    best = sum(gain / math.log2(place + 2) for place, gain in enumerate(ideal))
    found = {
        "nDCG@10": discounted / best,
        "recall@10": sum(key in relevant for key in ranked[:10]) / len(relevant),
    }
    return found | {f"hit@{k}": float(any(key in relevant for key in ranked[:k])) for k in _CUTS}


def answer_rates(index: Index, questions: Sequence[Question]) -> dict[str, float]:
    """Share of questions whose evidence holds an answer's words, by budget in characters."""
    asked = [question for question in questions if question.answers]
    rates: dict[str, float] = {}
    for budget in _BUDGETS if asked else ():
        held = 0
        for question in asked:
            text = "\n".join(e.text for e in index.evidence([question.text], budget)).lower()
            held += any(answer.lower() in text for answer in question.answers)
        rates[str(budget)] = held / len(asked)
    return rates


def run(data: Path, folder: Path, seconds: float) -> dict[str, Any] | None:
    """Indexes and measures; None when the time was up before all was indexed."""
    index = Index(folder, embedder_folder(), read)
    try:
        corpus = next(
            (p for n in ("corpus.jsonl", "corpus.jsonl.gz") if (p := data / n).is_file()), None
        )
        begin = time.perf_counter()
        steps = index_items(index, corpus) if corpus else index.add([str(data)])
        for _ in steps:
            if time.perf_counter() - begin > seconds:
                steps.close()
                return None
        questions, keys_of = beir_set(data) if corpus else pages_set(data, Catalog(folder))
        totals: dict[str, dict[str, float]] = {}
        took: list[float] = []
        for question in questions:
            ranked = rankings(index, question.text, keys_of)
            took.append(ranked.pop("ms"))
            for method, keys in ranked.items():
                sums = totals.setdefault(method, {})
                for name, value in measures(keys, question.relevant).items():
                    sums[name] = sums.get(name, 0.0) + value / len(questions)
        return {
            "questions": len(questions),
            "methods": totals,
            "fused_ms_median": sorted(took)[len(took) // 2],
            "answer_in_evidence": answer_rates(index, questions),
        }
    finally:
        index.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; exit status 3 when indexing is not finished yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--index", type=Path, help="folder to keep the index in")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop indexing after")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        found = run(given.data, given.index or Path(scratch), given.seconds)
    if found is None:
        print("indexing is not finished: call again with the same --index", file=sys.stderr)
        return 3
    if given.json:
        print(json.dumps(found))
        return 0
    asked, took = found["questions"], found["fused_ms_median"]
    print(f"{given.data.name}: {asked} questions, search {took:.1f} ms")
    names = list(next(iter(found["methods"].values())))
    print(f"{'':8}" + "".join(f"{name:>11}" for name in names))
    for method, values in found["methods"].items():
        print(f"{method:8}" + "".join(f"{values[name]:11.3f}" for name in names))
    for budget, rate in found["answer_in_evidence"].items():
        print(f"answer in {budget} characters of evidence: {rate:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
