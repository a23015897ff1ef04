"""Text recall of the readers: which of the expected words are in the canonical text, in order.

    python tests/benchmarks/reading.py FOLDER [KIND …]

Reads every file below FOLDER in this process and prints what became of each: ready, or failed
with its reason. Where a file with the expected Markdown lies in a folder `groundtruth` beside
the file's own, called like it (`lease.pdf.md` or `lease.md`), the share of its words is measured
that are in the text in the same order (the longest common subsequence over the expected words;
Markdown's signs, image comments and link addresses are no words, and a raised 2 is a 2).
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from indexing.errors import ReadError
from indexing.readers.read import read
from indexing.reasons import reason_of
from indexing.types import CanonicalDocument

_NOT_WORDS = re.compile(
    r"<!--.*?-->|\]\([^)\s]*\)|data:image/\S+|</?[a-z][^>\n]{0,200}>|\\(?=[_*#&])", re.DOTALL
)
_WORD = re.compile(r"[^\W_]+")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kinds", nargs="*", help="only files with these suffixes (docx pptx …)")
    arguments = parser.parse_args()
    recalls: defaultdict[str, list[tuple[float, Path]]] = defaultdict(list)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    failures: list[tuple[Path, str]] = []
    slowest: list[tuple[float, Path]] = []
    for path in sorted(arguments.folder.rglob("*")):
        suffix = path.suffix.lower().removeprefix(".") or "none"
        if not path.is_file() or (arguments.kinds and suffix not in arguments.kinds):
            continue
        if "groundtruth" in path.parts:
            continue
        begin = time.perf_counter()
        try:
            document = finished(path)
        except ReadError as error:
            counts[suffix]["failed"] += 1
            failures.append((path, reason_of(error)))
            continue
        finally:
            slowest.append((time.perf_counter() - begin, path))
        counts[suffix]["ready"] += 1
        if (expected := expected_of(path)) is not None:
            recalls[suffix].append((recall(expected, document.text), path))
    for path, reason in failures:
        print(f"failed  {path.relative_to(arguments.folder)}: {reason}")
    for found in recalls.values():
        for value, path in sorted(found):
            if value < 0.95:
                print(f"recall  {value:.3f}  {path.relative_to(arguments.folder)}")
    print(f"\n{'kind':8} {'ready':>6} {'failed':>6} {'measured':>9} {'median':>7} {'mean':>7}")
    for suffix, count in sorted(counts.items()):
        values = [value for value, _ in recalls.get(suffix, [])]
        shown = (
            f"{len(values):9} {statistics.median(values):7.3f} {statistics.mean(values):7.3f}"
            if values
            else ""
        )
        print(f"{suffix:8} {count['ready']:6} {count['failed']:6} {shown}")
    for seconds, path in sorted(slowest, reverse=True)[:3]:
        print(f"slowest {seconds:6.2f} s  {path.relative_to(arguments.folder)}")


def finished(path: Path) -> CanonicalDocument:
    """Read a file to its end."""
    steps = read(path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def expected_of(path: Path) -> str | None:
    """The Markdown that is expected of a file, if any."""
    folder = path.parent.parent / "groundtruth"
    named = (folder / f"{path.name}.md", folder / f"{path.stem}.md")
    expected = next((file for file in named if file.is_file()), None)
    return expected.read_text(encoding="utf-8") if expected is not None else None


def recall(expected: str, text: str) -> float:
    """Share of the expected words that are in the text in the same order."""
    wanted, had = words_of(expected), words_of(text)
    return common(wanted, had) / len(wanted) if wanted else 1.0


def words_of(text: str) -> list[str]:
    """Words in small letters, Markdown's own signs left out."""
    text = unicodedata.normalize("NFKC", _NOT_WORDS.sub(" ", text))
    return [word.lower() for word in _WORD.findall(text)]


def common(wanted: list[str], had: list[str]) -> int:
    """Length of the longest common subsequence, bit by bit in Python's long integers."""
    places: defaultdict[str, int] = defaultdict(int)
    for position, word in enumerate(wanted):
        places[word] |= 1 << position
    every = (1 << len(wanted)) - 1
    row = every
    for word in had:
        if match := places.get(word, 0):
            kept = row & match
            row = ((row + kept) | (row - kept)) & every
    return len(wanted) - row.bit_count()


if __name__ == "__main__":
    main()
