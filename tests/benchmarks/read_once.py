"""How much sooner an answer begins over a document that the model has studied.

    python tests/benchmarks/read_once.py MODEL.gguf [--tokens 8000] [--context 9216]
        [--text FILE --question QUESTION]

A document is studied in one model process and asked about in another, after a restart of
everything; beside it, another process is asked the same without a state. Prints the time to
the first token of both, their ratio, what the state takes on disk and what memory the processes
took beside what was forecast; exits with 1 where it is less than 20 times sooner, the answers
differ by a letter, or the forecast is off by more than 10 %.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import closing
from itertools import accumulate
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from assistant.answering import prompt
from assistant.owners import document_owner
from assistant.paths import DataPaths
from assistant.services.model import ModelService
from indexing.types import DocumentRow
from models.engine.types import ChatMessage, Generation, LoadSettings, Sampling
from models.fit import forecast
from models.gguf_header import read_header

WANTED_RATIO = 20.0
ALLOWED_MEMORY = 0.10
SHIPS = ("Petrel", "Tern", "Gannet", "Fulmar", "Curlew", "Avocet", "Dunlin", "Plover")
GOODS = ("tar", "rye", "salt", "timber", "wool", "herring", "slate", "rope")
QUESTION = "Which goods did the Petrel bring on day 3, and how many crates?"


def register(lines: int) -> str:
    """A harbour's register: text in which every line holds facts of its own."""
    choose = random.Random(7)
    return "\n".join(
        f"Day {day}: the {choose.choice(SHIPS)} brought {choose.randrange(10, 900)} crates of "
        f"{choose.choice(GOODS)}; the master paid {choose.randrange(2, 90)} crowns."
        if day != 3
        else "Day 3: the Petrel brought 412 crates of slate; the master paid 17 crowns."
        for day in range(1, lines + 1)
    )


def over(text: str, question: str) -> list[ChatMessage]:
    """The prompt as the app lays it out."""
    row = DocumentRow(
        id=1,
        path="register.txt",
        title="register",
        kind="text",
        pages=None,
        passages=1,
        status="ready",
        reason=None,
        bytes=len(text),
        indexed_at=None,
        collection=None,
    )
    return prompt.over_documents(question, [(row, text)], ())


def cut_to(service: ModelService, text: str, tokens: int) -> str:
    """The whole lines at the beginning of a text that make no more than so many tokens."""
    lines = text.splitlines()
    sums = accumulate(service.count_tokens([f"{line}\n" for line in lines]))
    return "\n".join(lines[: sum(total <= tokens for total in sums)])


def ask(service: ModelService, text: str, question: str) -> tuple[Generation, int]:
    """One greedy answer in a process that has read nothing yet, and its memory in bytes."""
    sampling = Sampling(temperature=0.0, max_tokens=48)
    generation = service.generate(over(text, question), sampling, []).result()
    memory = psutil.Process(service.worker.pid).memory_info().rss
    return generation, memory


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--tokens", type=int, default=8000, help="length of the document")
    parser.add_argument("--context", type=int, help="context window (tokens and 1,216 more)")
    parser.add_argument("--text", type=Path, help="a text to use in place of a made-up register")
    parser.add_argument("--question", default=QUESTION, help="what is asked about it")
    options = parser.parse_args()
    settings = LoadSettings(context_tokens=options.context or options.tokens + 1216)
    text = options.text.read_text("utf-8") if options.text else register(options.tokens // 20)

    with tempfile.TemporaryDirectory() as folder:
        studied = DataPaths(Path(folder) / "studied").create()
        plain = DataPaths(Path(folder) / "plain").create()
        with closing(ModelService(studied)) as service:
            service.load(options.model, settings).result()
            text = cut_to(service, text, options.tokens)
            began = time.monotonic()
            state = service.study(over(text, "?"), [document_owner(1)]).result()
            seconds = time.monotonic() - began
        if state is None:
            print("the state was not kept: no room")
            return 1
        print(
            f"studied {state.tokens} tokens in {seconds:.1f} s, {state.bytes / 1e6:.0f} MB on disk"
        )

        with closing(ModelService(studied)) as service:
            service.load(options.model, settings).result()
            after, memory = ask(service, text, options.question)
        with closing(ModelService(plain)) as service:
            service.load(options.model, settings).result()
            without, memory_without = ask(service, text, options.question)

    ratio = without.first_token_ms / after.first_token_ms
    for name, one, used in (("studied", after, memory), ("without", without, memory_without)):
        print(
            f"{name}: first token after {one.first_token_ms:8.0f} ms, {one.cached_tokens} of "
            f"{one.prompt_tokens} tokens not read, {used / 1e6:.0f} MB in memory"
        )
    print(f"answer: {after.text!r}")
    same = after.text == without.text
    print(f"{ratio:.1f} times sooner; the answers are {'the same' if same else 'different'}")
    expected = forecast(read_header(Path(options.model)), settings).total
    off = max((expected / used - 1 for used in (memory, memory_without)), key=abs)
    print(f"memory forecast: {expected / 1e6:.0f} MB ({off:+.1%})")
    return 0 if same and ratio >= WANTED_RATIO and abs(off) <= ALLOWED_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
