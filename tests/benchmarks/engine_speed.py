"""How fast the engine reads and writes, beside a bare llama-cpp-python loop.

    python tests/benchmarks/engine_speed.py MODEL.gguf… [--prompt 512] [--answer 96] [--rounds 3]
        [--llama-bench PATH]

Each has a process of its own, as the app's model has (two copies of a model in one process slow
each other), with memory in huge pages, and the same threads and settings; they take turns, so
that what else the machine does falls on both. The bare loop is `Llama.eval` of the prompt and
`Llama.generate` of the answer, greedy; it is what a program would do that uses the bindings
as they come. llama.cpp's own benchmark takes its turn too, where its path is given; it reads
random tokens, and writes behind as many read, but samples none. Prints the median of each ratio;
exits with 1 when writing is slower than the bare loop, or either less than .97 of llama.cpp's own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.engine.engine import Engine
from models.engine.huge_pages import environment_with_huge_pages
from models.engine.lookup import PromptLookup
from models.engine.native import llama, repacking_is_safe
from models.engine.types import ChatMessage, LoadSettings, Sampling

SENTENCE = "The harbour was built of grey stone, and the ships lay along it in rows. "
BATCH_TOKENS = 256
WANTED = 0.97  # of llama.cpp's own benchmark


class Bare:
    """The bindings' own high-level class, as its documentation uses it."""

    def __init__(self, path: str, context_tokens: int, threads: int) -> None:
        import llama_cpp

        defaults = llama.llama_model_default_params

        def same_layout() -> object:
            params = defaults()
            params.use_extra_bufts = repacking_is_safe()
            return params

        # The class offers no such setting; without it the two would not read the same weights.
        llama_cpp.llama_cpp.llama_model_default_params = same_layout
        llama_cpp.llama_model_default_params = same_layout
        self._model = llama_cpp.Llama(
            path,
            n_ctx=context_tokens,
            n_batch=BATCH_TOKENS,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )

    def measure(self, tokens: list[int], answer: int) -> tuple[float, float]:
        """Tokens per second read and written."""
        self._model.reset()
        began = time.perf_counter()
        self._model.eval(tokens)
        read = time.perf_counter() - began
        # `generate` finds the prompt read already and reads its last token again.
        stream = self._model.generate(tokens, temp=0.0, repeat_penalty=1.0)
        next(stream)
        began = time.perf_counter()
        for _ in range(answer - 1):
            next(stream)
        return len(tokens) / read, (answer - 1) / (time.perf_counter() - began)


class Ours:
    """The engine, through its public door."""

    def __init__(self, path: str, context_tokens: int) -> None:
        self._engine = Engine()
        # Token by token, as the others write: what drafts gain is told by prompt_lookup.py.
        mock.patch.object(PromptLookup, "draft", return_value=[]).start()
        settings = LoadSettings(context_tokens=context_tokens, batch_tokens=BATCH_TOKENS)
        self.threads = finish(self._engine.load(path, settings)).threads

    def task(self, length: int) -> tuple[list[ChatMessage], list[int]]:
        """A task of about so many tokens and without an end; as messages, and as tokens."""
        text = SENTENCE * (length // self._engine.count_tokens([SENTENCE])[0])
        task = f"{text}\nGo on repeating these sentences, again and again."
        messages = [ChatMessage("user", task)]
        layout = self._engine._layout
        assert layout is not None
        return messages, layout.tokens(messages)[0]

    def measure(self, messages: list[ChatMessage], answer: int) -> tuple[float, float]:
        """Tokens per second read and written, from an empty cache."""
        native = self._engine._native
        assert native is not None
        native.memory.keep(0)
        written = finish(self._engine.generate(messages, Sampling(max_tokens=answer), []))
        assert written.answer_tokens == answer, "it ended before the measurement did"
        return written.prefill_tokens_per_s, written.tokens_per_s


R = TypeVar("R")
Side = Ours | Bare

_sides: dict[type[Side], Side] = {}


def finish(steps: Generator[object, None, R]) -> R:
    """Run a generator to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def make(side: type[Side], *arguments: Any) -> None:
    """Make a side, in its process."""
    _sides[side] = side(*arguments)


def use(side: type[Side], name: str, *arguments: Any) -> Any:
    """Call, or read, what a side has of that name, in its process."""
    found = getattr(_sides[side], name)
    return found(*arguments) if callable(found) else found


def process() -> ProcessPoolExecutor:
    """Return a process of its own for one side."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def llama_bench(
    program: str, model: str, threads: int, prompt: int, answer: int
) -> tuple[float, float]:
    """Tokens per second that llama.cpp's own benchmark reads, and writes after as many."""
    same = ["-b", str(BATCH_TOKENS), "-ub", str(BATCH_TOKENS), "-t", str(threads), "-fa", "0"]

    def measure(*shape: str) -> float:
        output = subprocess.run(
            [program, "-m", model, *shape, *same, "-r", "1", "-o", "json"],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ).stdout
        [test] = json.loads(output)
        return float(test["avg_ts"])

    return (
        measure("-p", str(prompt), "-n", "0"),
        measure("-p", "0", "-n", str(answer), "-d", str(prompt)),
    )


def compare(path: str, options: argparse.Namespace) -> bool:
    """Measures one model; returns whether it was fast enough."""
    with process() as ours, process() as bare:
        context_tokens = options.prompt + options.answer + 256
        ours.submit(make, Ours, path, context_tokens).result()
        threads = ours.submit(use, Ours, "threads").result()
        messages, tokens = ours.submit(use, Ours, "task", options.prompt).result()
        bare.submit(make, Bare, path, context_tokens, threads).result()

        def take(side: Executor, kind: type[Side], task: list[Any]) -> tuple[float, float]:
            return side.submit(use, kind, "measure", task, options.answer).result()

        takes: dict[str, Callable[[], tuple[float, float]]] = {
            "ours": lambda: take(ours, Ours, messages),
            "bare": lambda: take(bare, Bare, tokens),
        }
        program = options.llama_bench
        if program:
            takes["bench"] = lambda: llama_bench(
                program, path, threads, len(tokens), options.answer
            )
        print(f"{Path(path).name}: prompt of {len(tokens)} tokens, {threads} threads", flush=True)
        return judge(take_turns(takes, options.rounds))


def take_turns(
    takes: dict[str, Callable[[], tuple[float, float]]], count: int
) -> list[dict[str, tuple[float, float]]]:
    """Measure each side once a round, after one round to warm up."""
    rounds: list[dict[str, tuple[float, float]]] = []
    for number in range(count + 1):
        # To and fro, so that what gets slower or faster meanwhile falls on all alike.
        order = list(takes) if number % 2 else list(reversed(takes))
        speeds = {name: takes[name]() for name in order}
        if number == 0:
            continue  # warming up
        rounds.append(speeds)
        shown = (f"{name} {speeds[name][0]:7.1f} {speeds[name][1]:6.1f}" for name in takes)
        print(f"round {number}: " + "   ".join(shown), flush=True)
    return rounds


def judge(rounds: list[dict[str, tuple[float, float]]]) -> bool:
    """Print the medians; tell whether the engine was fast enough."""
    enough = True
    for other in list(rounds[0])[1:]:
        reading, writing = (
            statistics.median(speeds["ours"][i] / speeds[other][i] for speeds in rounds)
            for i in range(2)
        )
        print(f"of {other}: {reading:.3f} in reading, {writing:.3f} in writing")
        wanted = (0.0, 1.0) if other == "bare" else (WANTED, WANTED)
        enough = enough and reading >= wanted[0] and writing >= wanted[1]
    medians = (statistics.median(speeds["ours"][i] for speeds in rounds) for i in range(2))
    print("ours: {:.1f} tokens/s read, {:.1f} written".format(*medians), flush=True)
    return enough


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL.gguf")
    parser.add_argument("--prompt", type=int, default=512, help="tokens to read")
    parser.add_argument("--answer", type=int, default=96, help="tokens to write")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--llama-bench", help="path of llama.cpp's own benchmark, to run as well")
    options = parser.parse_args()
    # Every side's process starts as the app's model's does.
    os.environ.update(environment_with_huge_pages(os.environ))
    fast = [compare(path, options) for path in options.models]
    return 0 if all(fast) else 1


if __name__ == "__main__":
    sys.exit(main())
