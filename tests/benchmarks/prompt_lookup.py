"""What prompt lookup gives: how fast answers are written with it and without it.

    python tests/benchmarks/prompt_lookup.py MODEL.gguf… [--rounds 2] [--answer 160] [--seconds N]

Two kinds of questions: some that are answered in the words of passages, asked as the app asks
them, and some that quote nothing, beside the same passages and alone. Each is answered with and
without in turn, in one process and from one cache. Greedy, so that both write the same; it is said
where they do not. Prints the tokens written in a second, and for each kind the median of the
ratios; exits with 1 where quotations are not written faster, or the rest more than 3 % slower.
`--seconds` begins no further question after that time.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from assistant.answering import prompt
from indexing.types import Evidence
from models.engine.engine import Engine
from models.engine.lookup import PromptLookup
from models.engine.types import ChatMessage, Generation, LoadSettings, Sampling

ALLOWED_LOSS = 0.03
PASSAGES = {
    "Lending": """\
Every resident of the district may borrow without a fee; visitors leave a deposit of 40 crowns, \
which is returned with the last book. Up to twelve books may be taken home at a time, for four \
weeks. A loan is extended twice by two weeks each, unless somebody else waits for the book. \
Reference works, maps and newspapers stay in the house.""",
    "Late and lost books": """\
For a book that comes back late the library asks for 2 crowns a week, and never more than the \
book's price. After eight weeks the book counts as lost: the borrower replaces it by the same \
edition or pays its price and 15 crowns for the work. Whoever is ill or in hospital is excused, \
if the library is told within a month.""",
    "The reading room": """\
The reading room is open from nine in the morning to eight in the evening, on Saturdays to four. \
Seats at the windows can be reserved for half a day. Telephone calls are made in the stairwell. \
Water in closed bottles is allowed, food is not. The twelve desks on the gallery have lamps, \
sockets and a locker, and are kept for those who write a thesis; keys are given out for a term.""",
    "Gifts": """\
The library takes books as a gift if they are complete, dry and not older than fifteen years. \
What it does not shelve is sold at the market in May, and the money goes to the children's \
section. A giver who wishes to be named gets a plate inside the cover. Letters and diaries from \
the district are always welcome, whatever their age and state; they are kept in the archive.""",
}
QUOTING = (
    "What are the rules for lending books?",
    "What happens to books that come back late or are lost?",
    "What is allowed in the reading room, and when is it open?",
    "Which books does the library take as a gift, and what becomes of them?",
    "Repeat what is said about the desks on the gallery and about letters and diaries.",
)
FREE_BESIDE = ("Forget the passages. Write a short story about a lighthouse keeper and a bottle.",)
FREE_ALONE = (
    "Explain how a bicycle stays upright.",
    "Write a letter to a landlord about a broken heater.",
    "Write a Python function that merges two sorted lists, and explain it.",
)


def over_passages(question: str) -> list[ChatMessage]:
    """The prompt as the app lays it out."""
    evidence = [
        Evidence(
            document=1,
            path="rules.txt",
            title="Rules of the library",
            page=None,
            headings=(heading,),
            start=0,
            end=len(text),
            text=text,
            score=1.0,
            relevance=1.0,
            passages=1,
        )
        for heading, text in PASSAGES.items()
    ]
    return prompt.over_passages(question, evidence, ())


def load(path: str) -> Engine:
    """The engine with a model."""
    engine = Engine()
    for _ in engine.load(path, LoadSettings(context_tokens=2048)):
        pass
    return engine


def answer(engine: Engine, messages: list[ChatMessage], tokens: int, *, drafts: bool) -> Generation:
    """One greedy answer, with drafts or without."""
    nothing = mock.patch.object(PromptLookup, "draft", return_value=[])
    with contextlib.nullcontext() if drafts else nothing:
        generating = engine.generate(messages, Sampling(max_tokens=tokens), [])
        while True:
            try:
                next(generating)
            except StopIteration as end:
                return end.value


def compare(engine: Engine, options: argparse.Namespace) -> dict[str, list[float]]:
    """The ratios of each kind."""
    asked = [("quoting", over_passages(question)) for question in QUOTING]
    asked += [("free", over_passages(question)) for question in FREE_BESIDE]
    asked += [("free", prompt.alone(question, ())) for question in FREE_ALONE]
    ratios: dict[str, list[float]] = {"quoting": [], "free": []}
    began = time.monotonic()
    for number in range(options.rounds):
        for kind, messages in asked:
            if options.seconds and time.monotonic() - began > options.seconds:
                return ratios
            answer(engine, messages, 1, drafts=False)  # the prompt is read
            # To and fro, so that what gets slower or faster meanwhile falls on both alike.
            order = (False, True) if number % 2 else (True, False)
            done = {
                drafts: answer(engine, messages, options.answer, drafts=drafts) for drafts in order
            }
            plain, drafted = done[False], done[True]
            ratio = drafted.tokens_per_s / plain.tokens_per_s
            ratios[kind].append(ratio)
            print(
                f"{kind:8} {drafted.answer_tokens:4} tokens: without {plain.tokens_per_s:6.1f}, "
                f"with {drafted.tokens_per_s:6.1f} tokens/s: {ratio:.2f}"
                + ("" if plain.text == drafted.text else "  another text"),
                flush=True,
            )
    return ratios


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL.gguf")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--answer", type=int, default=160, help="tokens to write at most")
    parser.add_argument("--seconds", type=float, default=0.0)
    options = parser.parse_args()
    good = True
    for path in options.models:
        engine = load(path)
        print(Path(path).name, flush=True)
        medians = {
            kind: statistics.median(ratios)
            for kind, ratios in compare(engine, options).items()
            if ratios
        }
        print(", ".join(f"{kind} {median:.2f}" for kind, median in medians.items()), flush=True)
        good = good and medians.get("quoting", 2.0) > 1.0
        good = good and medians.get("free", 1.0) >= 1 - ALLOWED_LOSS
        engine.unload()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
