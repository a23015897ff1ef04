"""How good answers are: right, proved, on the right page, and declined where they should be.

    python -m tests.benchmarks.answers DATA_DIR --model FILE.gguf [--index FOLDER]
        [--limit N] [--seed N] [--out FILE.jsonl] [--seconds N] [--read-seconds N] [--no-check]
        [--threads N]

DATA_DIR is one of
- a set in the BEIR layout with `answers.jsonl` (`id`, `question`, `answers`): asked over the
  whole corpus, each item a document of its own;
- SQuAD 2.0 files (`*-v2.0.json`): asked with the article as the document; of the questions,
  half have no answer in it;
- a folder of files with `questions.jsonl` whose `truth` cites pages as `[file.pdf#page=3]`,
  and `unanswerable.jsonl`: asked over all files.

Everything runs in this process, through the index, the engine and the answering of the
product. `--out` keeps one line for each question, and a second call goes on where the first
stopped; `--seconds` stops after that time. `text[start:end] == quote` is checked for every
citation. Exit status 3: there are questions left.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import string
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from assistant.answering.ask import Answerer
from assistant.answering.types import Answer, AnsweringSettings, AskRequest, Plan
from indexing.catalog import Catalog
from indexing.index import Index
from indexing.readers.read import read
from indexing.types import Block, CanonicalDocument
from models.engine.engine import Engine
from models.engine.types import LoadSettings
from tests.benchmarks.retrieval import embedder_folder
from tests.benchmarks.retrieval_sets import index_items, rows_of

R = TypeVar("R")

_CITED_PAGE = re.compile(r"\[([^\[\]#]+)#page=(\d+)\]")


class Question(NamedTuple):
    """A question and what is known of its answer.

    Attributes:
        answers: Gold answers, where the set has them.
        pages: Pages that hold the answer, as "file.pdf#3", where the set says so.
        document: Path of the document it is asked of; None for all.
    """

    id: str
    text: str
    answerable: bool
    answers: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    document: str | None = None


def finish(steps: Generator[Any, None, R]) -> R:
    """Run a generator to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def plain(text: str) -> str:
    """A text as SQuAD compares answers: no case, punctuation or articles."""
    text = "".join(" " if c in string.punctuation + "–—’‘“”" else c for c in text.lower())
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", text).split())


def holds(text: str, answers: Sequence[str]) -> bool:
    """Whether a text holds one of the answers, word for word."""
    words = f" {plain(text)} "
    return any(f" {plain(answer)} " in words for answer in answers if plain(answer))


def squad_articles(data: Path) -> dict[str, dict[str, Any]]:
    """The articles of all SQuAD 2.0 files in a folder, each once."""
    return {
        article["title"]: article
        for file in sorted(data.glob("*-v2.0.json"))
        for article in json.loads(file.read_text("utf-8"))["data"]
    }


def index_articles(index: Index, data: Path) -> Iterator[None]:
    """Index SQuAD articles, each as one document of many paragraphs."""

    def texts() -> Iterator[tuple[str, CanonicalDocument, str]]:
        for title, article in squad_articles(data).items():
            blocks: list[Block] = []
            text = ""
            for paragraph in article["paragraphs"]:
                text += "\n\n" if text else ""
                begin = len(text)
                text += paragraph["context"].strip()
                blocks.append(Block(begin, len(text), "paragraph"))
            document = CanonicalDocument(title.replace("_", " "), "text", text, tuple(blocks))
            yield f"/articles/{title}", document, f"{title:0>64}"[-64:]

    yield from (None for _ in index.add_texts(texts()))


def read_questions(data: Path, limit: int, seed: int) -> list[Question]:
    """A sample of the set's questions, the same for the same seed."""
    if (data / "answers.jsonl").is_file():
        rows = rows_of(data / "answers.jsonl")
        found = [Question(r["id"], r["question"], True, tuple(r["answers"])) for r in rows]
        return _sample(found, limit, seed)
    articles = squad_articles(data)
    found = [
        Question(
            row["id"],
            row["question"].strip(),
            not row["is_impossible"],
            tuple(answer["text"] for answer in row["answers"]),
            document=f"/articles/{title}",
        )
        for title, article in articles.items()
        for paragraph in article["paragraphs"]
        for row in paragraph["qas"]
    ]
    for number, row in enumerate(rows_of(data / "questions.jsonl") if not articles else ()):
        pages = tuple(f"{file}#{page}" for file, page in _CITED_PAGE.findall(row["truth"]))
        found.append(Question(f"q{number}", row["question"], True, pages=pages))
    for number, row in enumerate(rows_of(data / "unanswerable.jsonl") if not articles else ()):
        found.append(Question(f"u{number}", row["question"], False))
    with_answer = _sample([q for q in found if q.answerable], (limit + 1) // 2, seed)
    without = _sample([q for q in found if not q.answerable], limit // 2, seed)
    # Alternating, so that a run that is stopped early says something of both.
    mixed = [q for pair in zip(with_answer, without, strict=False) for q in pair]
    return mixed + with_answer[len(without) :] + without[len(with_answer) :]


def _sample(questions: list[Question], limit: int, seed: int) -> list[Question]:
    random.Random(seed).shuffle(questions)
    return questions[:limit]


class Bench:
    """The product's parts in one process, ready to be asked."""

    def __init__(
        self,
        model: Path,
        index: Index,
        folder: Path,
        settings: AnsweringSettings,
        threads: int | None = None,
    ) -> None:
        self.catalog = Catalog(folder)
        self.engine = Engine()
        finish(self.engine.load(str(model), LoadSettings(threads=threads)))
        self.answerer = Answerer(self.engine, index, self.catalog, settings, model.name)
        self.ids = {row.path: row.id for row in self.catalog.documents()}

    def ask(self, question: Question) -> dict[str, Any]:
        """Ask one question and note what came of it."""
        documents = (self.ids[question.document],) if question.document else ()
        begin = time.perf_counter()
        steps = self.answerer.ask(AskRequest(question.text, documents=documents))
        plan: Plan | None = None
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                answer: Answer = end.value
                break
            plan = event if isinstance(event, Plan) else plan
        seconds = time.perf_counter() - begin
        for each in answer.citations:
            text = self.catalog.text(each.document)
            assert text[each.start : each.end] == each.quote, "a quote that is none"
        cited = " ".join(each.quote for each in answer.citations)
        pages = [f"{Path(each.path).name}#{each.page}" for each in answer.citations]
        return {
            "id": question.id,
            "question": question.text,
            "answerable": question.answerable,
            "gold": list(question.answers or question.pages),
            "answer": answer.answer,
            "withdrawn": answer.withdrawn,
            "declined": answer.declined,
            "sentences": len(answer.sentences),
            "supported": sum(sentence.supported for sentence in answer.sentences),
            "quotes": [each.quote for each in answer.citations],
            "pages": pages,
            "found": holds(answer.answer, question.answers) if question.answers else None,
            "cited": holds(cited, question.answers) if question.answers else None,
            "page_hit": bool({*pages} & {*question.pages}) if question.pages else None,
            "mode": answer.mode,
            "evidence": msgspec.to_builtins(plan),
            "seconds": round(seconds, 2),
            "timing": msgspec.to_builtins(answer.timing),
        }


def rate(rows: Sequence[dict[str, Any]], field: str) -> str:
    """The share of rows in which a field is true, in words."""
    known = [row for row in rows if row[field] is not None]
    if not known:
        return "-"
    hits = sum(bool(row[field]) for row in known)
    return f"{100 * hits / len(known):.1f} % ({hits} of {len(known)})"


def report(rows: Sequence[dict[str, Any]]) -> str:
    """The figures, one a line."""
    with_answer = [row for row in rows if row["answerable"]]
    without = [row for row in rows if not row["answerable"]]
    right = [row for row in with_answer if row["found"]]
    written = [row for row in with_answer if not row["declined"]]
    sentences = sum(row["sentences"] for row in written)
    supported = sum(row["supported"] for row in written)
    seconds = sorted(row["seconds"] for row in rows)
    lines = [
        f"questions                        {len(with_answer)} with answer, {len(without)} without",
        f"answer holds the gold answer     {rate(with_answer, 'found')}",
        f"  and a cited quote holds it too {rate(right, 'cited')}",
        f"cited pages hold the stated page {rate(with_answer, 'page_hit')}",
        f"sentences proved                 {supported} of {sentences}",
        f"declined, without an answer      {rate(without, 'declined')}",
        f"declined, with an answer         {rate(with_answer, 'declined')}",
        f"seconds a question               median {seconds[len(seconds) // 2]:.1f}",
    ]
    return "\n".join(lines)


def run(given: argparse.Namespace, folder: Path) -> tuple[list[dict[str, Any]], bool]:
    """Index what is not indexed, ask what is not asked; tell whether all is done."""
    begin = time.perf_counter()
    questions = read_questions(given.data, given.limit, given.seed)
    out: Path | None = given.out
    rows = list(rows_of(out)) if out and out.is_file() else []
    known = {row["id"] for row in rows}
    index = Index(folder, embedder_folder(), read)
    try:
        corpora = (given.data / name for name in ("corpus.jsonl", "corpus.jsonl.gz"))
        corpus = next((path for path in corpora if path.is_file()), None)
        if not Catalog(folder).documents():
            steps: Iterator[Any] = index.add([str(given.data)])
            if corpus:
                steps = index_items(index, corpus)
            elif squad_articles(given.data):
                steps = index_articles(index, given.data)
            for _ in steps:
                pass
        settings = AnsweringSettings(read_seconds=given.read_seconds, check=not given.no_check)
        bench = Bench(given.model, index, folder, settings, given.threads)
        for question in questions:
            if question.id in known:
                continue
            if time.perf_counter() - begin > given.seconds:
                return rows, False
            rows.append(bench.ask(question))
            if out:
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
        return rows, True
    finally:
        index.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="the GGUF file")
    parser.add_argument("--index", type=Path, help="folder to keep the index in")
    parser.add_argument("--limit", type=int, default=100, help="questions, with and without answer")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="one JSON line for each question")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop asking after")
    parser.add_argument("--read-seconds", type=float, default=AnsweringSettings().read_seconds)
    parser.add_argument("--no-check", action="store_true", help="do not ask the model first")
    parser.add_argument("--threads", type=int, help="fewer, where other work shares the cores")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        rows, done = run(given, given.index or Path(scratch))
    if rows:
        print(report(rows))
    return 0 if done else 3


if __name__ == "__main__":
    sys.exit(main())
