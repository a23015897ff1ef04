"""How fast the engine reads and writes, beside a bare llama-cpp-python loop.

    python tests/benchmarks/engine_speed.py MODEL.gguf… [--prompt 512] [--answer 96] [--rounds 3]
        [--llama-bench PATH]

Both run in this process, with the same threads and settings, taking turns, so that what else
the machine does falls on both. The bare loop is `Llama.eval` of the prompt and
`Llama.generate` of the answer, greedy; it is what a program would do that uses the bindings
as they come. llama.cpp's own benchmark takes its turn too, where its path is given; it reads
random tokens, and writes behind as many read, but samples none. Prints the median of each ratio;
exits with 1 when writing is slower than the bare loop, or either less than .97 of llama.cpp's own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.engine.engine import Engine
from models.engine.native import llama, repacking_is_safe
from models.engine.types import ChatMessage, Generation, LoadSettings, Sampling

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

    def close(self) -> None:
        """Frees the model."""
        self._model.close()


class Ours:
    """The engine, through its public door."""

    def __init__(self, path: str, context_tokens: int) -> None:
        self.engine = Engine()
        settings = LoadSettings(context_tokens=context_tokens, batch_tokens=BATCH_TOKENS)
        loading = self.engine.load(path, settings)
        try:
            while True:
                next(loading)
        except StopIteration as end:
            self.loaded = end.value

    def measure(self, messages: list[ChatMessage], answer: int) -> Generation:
        """One generation from an empty cache."""
        native = self.engine._native
        assert native is not None
        native.memory.keep(0)
        generating = self.engine.generate(messages, Sampling(max_tokens=answer), [])
        try:
            while True:
                next(generating)
        except StopIteration as end:
            return end.value


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
    context_tokens = options.prompt + options.answer + 256
    ours = Ours(path, context_tokens)
    threads = ours.loaded.threads
    bare = Bare(path, context_tokens, threads)
    text = SENTENCE * (options.prompt // ours.engine.count_tokens([SENTENCE])[0])
    # A task without an end, so that both write as long as they are measured.
    messages = [ChatMessage("user", f"{text}\nGo on repeating these sentences, again and again.")]
    layout = ours.engine._layout
    assert layout is not None
    tokens, _ = layout.tokens(messages)

    def own() -> tuple[float, float]:
        generation = ours.measure(messages, options.answer)
        assert generation.answer_tokens == options.answer, "it ended before the measurement did"
        return generation.prefill_tokens_per_s, generation.tokens_per_s

    takes: dict[str, Callable[[], tuple[float, float]]] = {
        "ours": own,
        "bare": lambda: bare.measure(tokens, options.answer),
    }
    program = options.llama_bench
    if program:
        takes["bench"] = lambda: llama_bench(program, path, threads, len(tokens), options.answer)
    print(f"{Path(path).name}: prompt of {len(tokens)} tokens, {threads} threads", flush=True)
    rounds: list[dict[str, tuple[float, float]]] = []
    for number in range(options.rounds + 1):
        # To and fro, so that what gets slower or faster meanwhile falls on all alike.
        order = list(takes) if number % 2 else list(reversed(takes))
        speeds = {name: takes[name]() for name in order}
        if number == 0:
            continue  # warming up
        rounds.append(speeds)
        shown = (f"{name} {speeds[name][0]:7.1f} {speeds[name][1]:6.1f}" for name in takes)
        print(f"round {number}: " + "   ".join(shown), flush=True)
    enough = True
    for other in list(takes)[1:]:
        reading, writing = (
            statistics.median(speeds["ours"][i] / speeds[other][i] for speeds in rounds)
            for i in range(2)
        )
        print(f"of {other}: {reading:.3f} in reading, {writing:.3f} in writing")
        wanted = (0.0, 1.0) if other == "bare" else (WANTED, WANTED)
        enough = enough and reading >= wanted[0] and writing >= wanted[1]
    medians = (statistics.median(speeds["ours"][i] for speeds in rounds) for i in range(2))
    print("ours: {:.1f} tokens/s read, {:.1f} written".format(*medians), flush=True)
    bare.close()
    ours.engine.unload()
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
    fast = [compare(path, options) for path in options.models]
    return 0 if all(fast) else 1


if __name__ == "__main__":
    sys.exit(main())
