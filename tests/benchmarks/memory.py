"""What models take in memory, beside what is forecast from their headers.

    python tests/benchmarks/memory.py MODEL.gguf… [--context 4096] [--kv f16|q8_0|q4_0]

Each model is loaded in a process of its own and reads until its window is full, so that all it
allocates is really used. Prints the forecast, llama.cpp's own sizes and what the system shows
for the process; exits with 1 where either is off by more than 10 %.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import re
import sys
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.engine.types import ChatMessage, KvType, LoadSettings, Sampling
from models.fit import forecast
from models.gguf_header import read_header

ALLOWED = 0.10
WORDS = "the ship left the harbour at dawn and nobody on the quay waved "


class _Buffers(logging.Handler):
    """Adds up the buffers that llama.cpp says it allocates, in MiB."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"buffer size = +([\d.]+) MiB", record.getMessage())
        self.total += float(found[1]) if found else 0.0


def measure(path: str, settings: LoadSettings) -> tuple[float, float]:
    """llama.cpp's buffers and the process's memory, in bytes."""
    from models.engine.engine import Engine

    buffers = _Buffers()
    log = logging.getLogger("models.engine.llama_cpp")
    log.setLevel(logging.DEBUG)
    log.addHandler(buffers)
    engine = Engine()
    for _ in engine.load(path, settings):
        pass
    per_word = engine.count_tokens([WORDS])[0] / len(WORDS.split())
    words = int((settings.context_tokens - 256) / per_word)
    text = " ".join((WORDS.split() * (words // 13 + 1))[:words])
    for _ in engine.generate([ChatMessage("user", text)], Sampling(max_tokens=8), []):
        pass
    return buffers.total * 2**20, float(psutil.Process().memory_info().rss)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--kv", choices=("f16", "q8_0", "q4_0"), default="f16")
    options = parser.parse_args()
    kv_type: KvType = options.kv
    settings = LoadSettings(context_tokens=options.context, kv_type=kv_type)
    worst = 0.0
    for path in options.models:
        memory = forecast(read_header(Path(path)), settings)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            buffers, process = pool.apply(measure, (path, settings))
        off = ((memory.total - memory.process) / buffers - 1, memory.total / process - 1)
        worst = max(worst, *map(abs, off))
        print(
            f"{Path(path).name}: forecast {memory.total / 1e6:.0f} MB (weights "
            f"{memory.weights / 1e6:.0f}, laid out anew {memory.repacked / 1e6:.0f}, KV "
            f"{memory.kv / 1e6:.0f}, compute {memory.compute / 1e6:.0f}); llama.cpp allocates "
            f"{buffers / 1e6:.0f} MB ({off[0]:+.1%}), the process has {process / 1e6:.0f} MB "
            f"({off[1]:+.1%})"
        )
    return 0 if worst <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
