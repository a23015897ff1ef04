"""How well the right passages are found, and what each part of the search adds.

    python -m tests.benchmarks.retrieval DATA_DIR [--index FOLDER] [--seconds N] [--json]

DATA_DIR is one of: a set in the BEIR layout (`corpus.jsonl` or `.gz` with `_id`, `title`,
`text`; `queries.jsonl`; `qrels.tsv`), for which each item is indexed as one document and a
document ranks as its best passage; a folder of PDFs with a `questions.jsonl` whose `truth`
cites pages as `[file.pdf#page=3]`; a folder of PDFs with a `qna_data.csv` whose questions name
files; a folder with `corpora/*.md` and a `questions_df.csv` whose questions name spans, for
which passages cut by structure are compared with windows of 200 tokens, searched in the same
way.

All rankings come from the same passages and candidates, through the index itself: keywords
alone, the embedder alone, their ranks fused, and the product's score, part by part. Below them
stands what is in the evidence that a model is given, with hits grown into their neighbours and
without: the share of the needed text where the set names spans, else the share of questions
whose answer (where the set has `answers.jsonl`), page, file or document is there. With
`--index` the index is kept in that folder and used again; `--seconds` stops indexing after that
time, to be continued by the next call.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import json
import math
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from indexing import evidence, fusion
from indexing.catalog import Catalog
from indexing.embedder import Embedder
from indexing.fusion import DEPTH
from indexing.index import Index
from indexing.pipeline import Run
from indexing.readers.read import read
from indexing.search import PassageRow
from indexing.types import CanonicalDocument, Evidence, Passage
from tests.benchmarks.retrieval_sets import (
    KeysOf,
    Question,
    Spans,
    beir_set,
    files_set,
    index_items,
    pages_set,
    spans_set,
)

_CUTS = (1, 3, 5, 10)
_SPAN_CUTS = (3, 5, 10)
_BUDGETS = (3000, 6000)
# Questions whose evidence is looked at.
_ASKED = 200
_WINDOW = 200
# Of reciprocal rank fusion, as it is mostly used.
_RANK_CONSTANT = 60


def embedder_folder() -> Path:
    """The embedding model: where the tests have it."""
    return Path(os.environ["STUDIOLO_TEST_MODELS"]) / "all-MiniLM-L6-v2"


# The parts of the score in the order in which they are added.
_PARTS = (
    ("cosine + BM25", ()),
    ("+ coverage", ("COVERAGE_WEIGHT",)),
    ("+ closeness", ("CLOSENESS_WEIGHT", "GATHERING_WEIGHT")),
    ("+ headings", ("HEADING_WEIGHT",)),
    ("+ document", ("DOCUMENT_WEIGHT",)),
    ("+ in common", ("COMMON_WEIGHT",)),
    ("+ neighbours", ("NEIGHBOUR_WEIGHT",)),
    ("+ names", ("NAMESAKE_WEIGHT",)),
)


def rankings(index: Index, query: str) -> tuple[dict[str, list[int]], float]:
    """Passages by each method, best first, and the whole search's milliseconds."""
    searcher = index.searcher
    begin = time.perf_counter()
    found = searcher.find([query])[0]
    searcher.order(found)
    took = (time.perf_counter() - begin) * 1000
    dense, words = searcher.dense(query, DEPTH), searcher.keywords(query, DEPTH)
    ranks: dict[int, float] = {}
    for side in (dense, words):
        for place, passage in enumerate(side, start=1):
            ranks[passage] = ranks.get(passage, 0.0) + 1 / (_RANK_CONSTANT + place)
    ranked = {
        "keywords": words,
        "embedder": dense,
        "ranks fused": sorted(ranks, key=lambda passage: -ranks[passage]),
    }
    left = {name for _, names in _PARTS for name in names}
    for part, names in _PARTS:
        left -= set(names)
        with contextlib.ExitStack() as stack:
            for name in left:
                stack.enter_context(mock.patch.object(fusion, name, 0.0))
            ranked[part] = [item.passage for item in searcher.order(found)]
    return ranked, took


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


def needed_in_evidence(
    index: Index, asked: Sequence[tuple[str, Callable[[Sequence[Evidence]], float]]]
) -> dict[str, float]:
    """What evidence holds of what is needed, on average, by budget in characters.

    Args:
        asked: Questions, each with what tells the share of the needed that evidence holds.
    """
    shares: dict[str, float] = {}
    for budget, (grown, share) in itertools.product(
        _BUDGETS, (("grown", evidence.NEIGHBOUR_SHARE), ("hits alone", 0.0))
    ):
        with mock.patch.object(evidence, "NEIGHBOUR_SHARE", share):
            held = [share_of(index.evidence([text], budget)) for text, share_of in asked[:_ASKED]]
        shares[f"{budget} {grown}"] = statistics.fmean(held)
    return shares


def right_is_there(question: Question, keys_of: KeysOf, found: Sequence[Evidence]) -> float:
    """Whether evidence holds an answer's words; without known answers, what is right."""
    if question.answers:
        text = "\n".join(item.text for item in found).lower()
        return float(any(answer.lower() in text for answer in question.answers))
    return float(any(key in question.relevant for item in found for key in keys_of(item)))


def windows(document: CanonicalDocument, embedder: Embedder) -> list[Passage]:
    """Passages of 200 tokens, cut wherever they end: what structure is compared with."""
    words = [match.span() for match in re.finditer(r"\S+", document.text)]
    counts = embedder.count_tokens([document.text[a:b] for a, b in words])
    passages: list[Passage] = []
    for (start, end), tokens in zip(words, counts, strict=True):
        if passages and passages[-1].tokens + tokens <= _WINDOW:
            last = passages[-1]
            passages[-1] = msgspec.structs.replace(last, end=end, tokens=last.tokens + tokens)
        else:
            passages.append(Passage(start, end, None, (), tokens))
    return passages


def needed_share(question: Spans, found: Sequence[PassageRow | Evidence]) -> tuple[float, float]:
    """The share of what is needed that spans hold, and the share of them that is needed."""
    needed = {place for span in question.spans for place in range(*span)}
    held = {n for item in found if item.path == question.path for n in range(item.start, item.end)}
    size = sum(item.end - item.start for item in found)
    return len(needed & held) / len(needed), len(needed & held) / max(1, size)


def needed_text(question: Spans, found: Sequence[Evidence]) -> float:
    """The share of what is needed that evidence holds."""
    return needed_share(question, found)[0]


def run_spans(data: Path, folder: Path, seconds: float) -> dict[str, Any] | None:
    """Compares the product's passages with windows; None when the time was up."""
    totals: dict[str, dict[str, float]] = {}
    questions: Sequence[Spans] = ()
    shares: dict[str, float] = {}
    for name, cut in (("windows", windows), ("passages", Run.cut)):
        place = folder / name
        with mock.patch.object(Run, "cut", staticmethod(cut)):
            index = Index(place, embedder_folder(), read)
            try:
                if not finished(index.add([str(data / "corpora")]), seconds):
                    return None
                with contextlib.closing(Catalog(place)) as catalog:
                    questions = spans_set(data, catalog)
                for question in questions:
                    ranked, _ = rankings(index, question.text)
                    if name == "windows":
                        # Cut elsewhere, searched in the same way.
                        ranked = {name: list(ranked.values())[-1]}
                    for method, passages in ranked.items():
                        sums = totals.setdefault(method, {})
                        rows = index.searcher.read(passages)
                        found = [rows[passage] for passage in passages if passage in rows]
                        for k in _SPAN_CUTS:
                            recall, precision = needed_share(question, found[:k])
                            for key, value in ((f"recall@{k}", recall), (f"prec.@{k}", precision)):
                                sums[key] = sums.get(key, 0.0) + value / len(questions)
                if name == "passages":
                    shares = needed_in_evidence(
                        index,
                        [(q.text, functools.partial(needed_text, q)) for q in questions],
                    )
            finally:
                index.close()
    return {"questions": len(questions), "methods": totals, "needed_in_evidence": shares}


def finished(steps: Generator[Any, None, Any], seconds: float) -> bool:
    """Runs an indexing run to its end, or for so many seconds."""
    begin = time.perf_counter()
    for _ in steps:
        if time.perf_counter() - begin > seconds:
            steps.close()
            return False
    return True


def run(data: Path, folder: Path, seconds: float) -> dict[str, Any] | None:
    """Indexes and measures; None when the time was up before all was indexed."""
    if (data / "questions_df.csv").is_file():
        return run_spans(data, folder, seconds)
    index = Index(folder, embedder_folder(), read)
    try:
        corpus = next(
            (p for n in ("corpus.jsonl", "corpus.jsonl.gz") if (p := data / n).is_file()), None
        )
        # Only what is asked about: a file of the questions would be found for each of them.
        files = [str(path) for path in sorted(data.rglob("*.pdf"))]
        steps = index_items(index, corpus) if corpus else index.add(files)
        if not finished(steps, seconds):
            return None
        if corpus:
            questions, keys_of = beir_set(data)
        elif (data / "qna_data.csv").is_file():
            questions, keys_of = files_set(data)
        else:
            questions, keys_of = pages_set(data, Catalog(folder))
        totals: dict[str, dict[str, float]] = {}
        took: list[float] = []
        for question in questions:
            ranked, milliseconds = rankings(index, question.text)
            took.append(milliseconds)
            rows = index.searcher.read(list({p for passages in ranked.values() for p in passages}))
            for method, passages in ranked.items():
                sums = totals.setdefault(method, {})
                keys = dict.fromkeys(k for p in passages if p in rows for k in keys_of(rows[p]))
                for name, value in measures(list(keys), question.relevant).items():
                    sums[name] = sums.get(name, 0.0) + value / len(questions)
        return {
            "questions": len(questions),
            "methods": totals,
            "search_ms_median": statistics.median(took),
            "needed_in_evidence": needed_in_evidence(
                index,
                [(q.text, functools.partial(right_is_there, q, keys_of)) for q in questions],
            ),
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
    print(f"{given.data.name}: {found['questions']} questions")
    if "search_ms_median" in found:
        print(f"search {found['search_ms_median']:.1f} ms, the query's embedding included")
    names = list(next(iter(found["methods"].values())))
    print(f"{'':14}" + "".join(f"{name:>13}" for name in names))
    for method, values in found["methods"].items():
        print(f"{method:14}" + "".join(f"{values[name]:13.3f}" for name in names))
    for budget, share in found["needed_in_evidence"].items():
        print(f"needed in evidence of {budget}: {share:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
