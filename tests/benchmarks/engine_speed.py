"""How fast the engine reads and writes, beside a bare llama-cpp-python loop.

    python tests/benchmarks/engine_speed.py MODEL.gguf [--prompt 512] [--answer 96] [--rounds 3]
        [--llama-bench PATH]

Both run in this process, with the same threads and settings, taking turns, so that what else
the machine does falls on both. The bare loop is `Llama.eval` of the prompt and
`Llama.generate` of the answer, greedy; it is what a program would do that uses the bindings
as they come. llama.cpp's own benchmark takes its turn too, where its path is given; it reads
and writes random tokens and samples none. Prints the median of each and of the ratios; exits
with 1 when writing is slower than the bare loop, or either less than .97 of llama.cpp's own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
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
    """Tokens per second that llama.cpp's own benchmark reads and writes."""
    shape = ["-p", str(prompt), "-n", str(answer), "-b", str(BATCH_TOKENS), "-r", "1"]
    same = ["-ub", str(BATCH_TOKENS), "-t", str(threads), "-fa", "0", "-o", "json"]
    output = subprocess.run(
        [program, "-m", model, *shape, *same], check=True, stdout=subprocess.PIPE
    ).stdout
    read, written = (float(test["avg_ts"]) for test in json.loads(output))
    return read, written


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--prompt", type=int, default=512, help="tokens to read")
    parser.add_argument("--answer", type=int, default=96, help="tokens to write")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--llama-bench", help="path of llama.cpp's own benchmark, to run as well")
    options = parser.parse_args()

    context_tokens = options.prompt + options.answer + 256
    ours = Ours(options.model, context_tokens)
    bare = Bare(options.model, context_tokens, ours.loaded.threads)
    text = SENTENCE * (options.prompt // ours.engine.count_tokens([SENTENCE])[0])
    # A task without an end, so that both write as long as they are measured.
    messages = [ChatMessage("user", f"{text}\nRetell this as a very long story of 2000 words.")]
    layout = ours.engine._layout
    assert layout is not None
    tokens, _ = layout.tokens(messages)

    others = ["bare", *(["bench"] if options.llama_bench else [])]
    read: dict[str, list[float]] = {name: [] for name in ("ours", *others)}
    written: dict[str, list[float]] = {name: [] for name in ("ours", *others)}
    for number in range(options.rounds + 1):
        generation = ours.measure(messages, options.answer)
        speeds = {
            "ours": (generation.prefill_tokens_per_s, generation.tokens_per_s),
            "bare": bare.measure(tokens, options.answer),
        }
        if options.llama_bench:
            speeds["bench"] = llama_bench(
                options.llama_bench,
                options.model,
                ours.loaded.threads,
                len(tokens),
                options.answer,
            )
        if number == 0:
            continue  # warming up
        for name, (reading, writing) in speeds.items():
            read[name].append(reading)
            written[name].append(writing)
        print(
            f"round {number}: "
            + "   ".join(f"{name} {r:7.1f} {w:6.1f}" for name, (r, w) in speeds.items())
            + f"   ({generation.answer_tokens} written)",
            flush=True,
        )
    print(f"prompt of {len(tokens)} tokens, {ours.loaded.threads} threads")
    enough = True
    for other in others:
        ratios = [
            statistics.median(o / t for o, t in zip(of["ours"], of[other], strict=True))
            for of in (read, written)
        ]
        print(f"of {other}: {ratios[0]:.2f} in reading, {ratios[1]:.2f} in writing")
        enough = enough and (ratios[1] >= 1 if other == "bare" else min(ratios) >= WANTED)
    print(
        f"ours: {statistics.median(read['ours']):.1f} tokens/s read, "
        f"{statistics.median(written['ours']):.1f} written"
    )
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
