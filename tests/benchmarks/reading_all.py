"""How good reading everything is: what is listed that was asked for, and what else.

    python -m tests.benchmarks.reading_all SET --model FILE.gguf [--kept FOLDER] [--seconds N]
        [--threads N] [--show]

SET is a folder with files in `documents/` and with `questions.jsonl`, a question a line:
`question`, `documents` (names of files), and one of
- `items`: what has to be listed, each as a regular expression that is looked for in a line of the
  answer, however it is written there;
- `facts`: for a comparison, by the name of each document, expressions that have to stand in what
  is said of it, in the order of the aspects that they belong to.

Prints for each question how many items are right (each once), said again and wrong, and how many
are missing; of a comparison how many facts are there, and of how many aspects all documents are
told side by side. `--kept` keeps what was read, and a second call goes on where the first
stopped; `--seconds` stops after that time. Exit status 3: there is more to read.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from assistant.answering.calibration import Calibrations
from assistant.answering.types import Answer, AskRequest
from assistant.compute import ComputeGate
from assistant.conversations.store import ConversationStore
from assistant.paths import DataPaths
from assistant.reading_all.kept import KeptReadings
from assistant.reading_all.read import EverythingReader
from assistant.reading_all.run import ModelInUse
from indexing.catalog import Catalog
from models.engine.engine import Engine
from models.engine.types import ChatMessage, Generation, LoadSettings, Sampling
from tests.benchmarks.reading import finished
from tests.benchmarks.retrieval_sets import rows_of
from tests.library import put_document

# As the starter reads and writes on two cores: windows are cut by it, on whatever machine.
READS, WRITES = 110.0, 13.0


class Job:
    """A generation in this process, with the face of a worker's job."""

    def __init__(self, steps: Generator[Any, None, Generation]) -> None:
        self._steps = steps
        self._result: Generation | None = None
        self.ended = False

    def next_event(self, _timeout: float) -> object:
        """Return the next event; StopIteration where it is over."""
        try:
            return next(self._steps)
        except StopIteration as end:
            self._result, self.ended = end.value, True
            raise

    def result(self) -> Generation | None:
        """Return what was generated."""
        return self._result

    def cancel(self, _patience: float) -> None:
        """Stop it."""
        self._steps.close()
        self.ended = True

    def wait(self) -> None:
        """It has stopped already."""


class InProcess:
    """A model in this process that answers behind every question; there is no other."""

    def __init__(self, path: Path, threads: int | None) -> None:
        self.engine = Engine()
        for _ in self.engine.load(str(path), LoadSettings(threads=threads)):
            pass

    def generate_behind(
        self, path: str, settings: LoadSettings, messages: list[ChatMessage], sampling: Sampling
    ) -> Any:
        """Generate, from what of the prompt is not read yet."""
        return Job(self.engine.generate(messages, sampling, []))


class Listed(NamedTuple):
    """How good a list is."""

    right: int
    doubles: int
    wrong: int
    missing: int


def listed(answer: Answer, items: Sequence[str]) -> tuple[Listed, list[str]]:
    """Judge a list; with each of its lines and what it was taken for."""
    found: set[str] = set()
    right = doubles = wrong = 0
    shown: list[str] = []
    for sentence in answer.sentences:
        held = {item for item in items if re.search(item, sentence.text, re.IGNORECASE)}
        right += bool(held - found)
        doubles += bool(held) and held <= found
        wrong += not held
        mark = "wrong " if not held else "again " if held <= found else "right "
        shown.append(mark + sentence.text)
        found |= held
    return Listed(right, doubles, wrong, len(items) - len(found)), shown


def told(answer: Answer, facts: Sequence[str], document: int) -> list[bool]:
    """Tell of each fact whether a sentence that cites its document has it."""
    of_document = {each.n for each in answer.citations if each.document == document}
    lines = [each.text for each in answer.sentences if of_document.intersection(each.citations)]
    return [any(re.search(fact, line, re.IGNORECASE) for line in lines) for fact in facts]


def put(folder: Path, data_dir: Path) -> dict[str, int]:
    """Put the set's documents into a library, where they are not there; return their ids."""
    ConversationStore(data_dir).close()  # what is read refers to its tables
    catalog = Catalog(data_dir)
    known = {row.path for row in catalog.documents()}
    for file in sorted(folder.iterdir()):
        if str(file) not in known:
            put_document(data_dir, finished(file), str(file))
    ids = {Path(row.path).name: row.id for row in catalog.documents()}
    catalog.close()
    return ids


def ask(reader: EverythingReader, request: AskRequest, using: ModelInUse, until: float) -> Answer:
    """Have documents read through; raises TimeoutError where that takes too long."""
    steps = reader.read(request, request.question, using)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        if time.perf_counter() > until:
            steps.close()
            raise TimeoutError


def run(given: argparse.Namespace, data_dir: Path, model: Any) -> bool:
    """Ask all questions and print what came of each; tell whether there was time enough."""
    until = time.perf_counter() + given.seconds
    ids = put(given.set / "documents", data_dir)
    catalog, kept = Catalog(data_dir), KeptReadings(data_dir)
    calibrations = Calibrations(DataPaths(data_dir).calibrations_file)
    reader = EverythingReader(model, catalog, ComputeGate(), lambda: kept, calibrations)
    name = given.model.name
    using = ModelInUse(name, str(given.model), LoadSettings(), 8192, READS, WRITES)
    lists: list[Listed] = []
    facts: list[bool] = []
    try:
        for row in rows_of(given.set / "questions.jsonl"):
            documents = tuple(ids[document] for document in row["documents"])
            request = AskRequest(
                row["question"], documents=documents, mode="everything", model=name
            )
            began = time.perf_counter()
            answer = ask(reader, request, using, until)
            seconds = time.perf_counter() - began
            for each in answer.citations:
                text = catalog.text(each.document)
                assert text[each.start : each.end] == each.quote, "a quote that is none"
            if "items" in row:
                judged, lines = listed(answer, row["items"])
                lists.append(judged)
                print(f"{seconds:5.0f} s  {row['question']}  {judged}", flush=True)
                if given.show:
                    print(*(f"         {line}" for line in lines), sep="\n")
            else:
                of_each = [told(answer, row["facts"][d], ids[d]) for d in row["documents"]]
                facts += [one for each in of_each for one in each]
                beside = sum(all(aspect) for aspect in zip(*of_each, strict=True))
                print(f"{seconds:5.0f} s  {row['question']}  {sum(map(sum, of_each))} of "
                      f"{sum(map(len, of_each))} facts, {beside} aspects of all documents, "
                      f"{len(answer.sentences)} sentences", flush=True)  # fmt: skip
                if given.show:
                    print(answer.answer)
    except TimeoutError:
        return False
    finally:
        kept.close()
        catalog.close()
    report(lists, facts)
    return True


def report(lists: Sequence[Listed], facts: Sequence[bool]) -> None:
    """Print the figures over all questions."""
    right, doubles, wrong, missing = (sum(counts) for counts in zip(*lists, strict=True))
    shown, wanted = right + doubles + wrong, right + missing
    print(f"items right, of those listed   {right / max(1, shown):.2f} ({right} of {shown}; "
          f"{doubles} said again, {wrong} not asked for)")  # fmt: skip
    print(f"items listed, of those wanted  {right / max(1, wanted):.2f} ({right} of {wanted})")
    exact = sum(not (each.doubles or each.wrong or each.missing) for each in lists)
    print(f"lists without a fault          {exact} of {len(lists)}")
    if facts:
        print(f"facts told in comparisons      {sum(facts)} of {len(facts)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="the GGUF file")
    parser.add_argument("--kept", type=Path, help="folder to keep what was read in")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop reading after")
    parser.add_argument("--threads", type=int, help="fewer, where other work shares the cores")
    parser.add_argument("--show", action="store_true", help="print the answers too")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        model = InProcess(given.model, given.threads)
        done = run(given, given.kept or Path(scratch), model)
    return 0 if done else 3


if __name__ == "__main__":
    sys.exit(main())
