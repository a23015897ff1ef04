"""How fast the engine reads and writes, beside a bare llama-cpp-python loop.

    python tests/benchmarks/engine_speed.py MODEL.gguf [--prompt 512] [--answer 96] [--rounds 3]
        [--llama-bench PATH]

Both run in this process, on the same weights, with the same threads, taking turns, so that
what else the machine does falls on both. The bare loop is `Llama.eval` of the prompt and
`Llama.generate` of the answer, greedy; it is what a program would do that uses the bindings
as they come. Prints the median of each and the ratios; exits with 1 when writing is slower
than the bare loop.
"""

from __future__ import annotations

import argparse
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
    tokens, _ = ours.engine._prompt(messages)

    read: dict[str, list[float]] = {"ours": [], "bare": []}
    written: dict[str, list[float]] = {"ours": [], "bare": []}
    for number in range(options.rounds + 1):
        generation = ours.measure(messages, options.answer)
        bare_read, bare_written = bare.measure(tokens, options.answer)
        if number == 0:
            continue  # warming up
        read["ours"].append(generation.prefill_tokens_per_s)
        written["ours"].append(generation.tokens_per_s)
        read["bare"].append(bare_read)
        written["bare"].append(bare_written)
        print(
            f"round {number}: read {read['ours'][-1]:7.1f} ours {bare_read:7.1f} bare   "
            f"write {written['ours'][-1]:6.1f} ours {bare_written:6.1f} bare   "
            f"({generation.answer_tokens} written)"
        )
    ratios = {
        name: statistics.median(o / b for o, b in zip(speeds["ours"], speeds["bare"], strict=True))
        for name, speeds in (("read", read), ("write", written))
    }
    print(f"prompt of {len(tokens)} tokens, {ours.loaded.threads} threads")
    print(f"read:  {statistics.median(read['ours']):.1f} tokens/s, {ratios['read']:.2f} of bare")
    print(
        f"write: {statistics.median(written['ours']):.1f} tokens/s, {ratios['write']:.2f} of bare"
    )
    if options.llama_bench:
        shape = ["-p", str(options.prompt), "-n", str(options.answer), "-b", str(BATCH_TOKENS)]
        threads = ["-t", str(ours.loaded.threads)]
        subprocess.run([options.llama_bench, "-m", options.model, *shape, *threads], check=True)
    return 0 if ratios["write"] >= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
