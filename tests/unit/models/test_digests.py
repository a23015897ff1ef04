"""Digests of files, remembered as long as the file stays as it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

from models.digests import FileDigests


def compute(digests: FileDigests, path: Path) -> tuple[list[int], str]:
    steps = digests.compute(path)
    seen: list[int] = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


def test_a_digest_is_worked_out_once_and_anew_after_a_change(tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"a" * 20_000_000)
    digests = FileDigests(tmp_path / "digests.json")
    assert digests.known(model) is None
    steps, digest = compute(digests, model)
    assert steps[-1] == 20_000_000
    assert digest == hashlib.sha256(b"a" * 20_000_000).hexdigest()
    assert FileDigests(tmp_path / "digests.json").known(model) == digest
    assert compute(digests, model) == ([], digest)
    model.write_bytes(b"b" * 20_000_000)
    assert digests.known(model) is None
    assert compute(digests, model)[1] != digest


def test_a_broken_memory_is_no_memory(tmp_path):
    (tmp_path / "digests.json").write_text("{")
    model = tmp_path / "model.gguf"
    digests = FileDigests(tmp_path / "digests.json")
    assert digests.known(model) is None
    model.write_bytes(b"x")
    compute(digests, model)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"y")
    compute(FileDigests(tmp_path / "digests.json"), other)
    reread = FileDigests(tmp_path / "digests.json")
    assert reread.known(model) is not None
    assert reread.known(other) is not None
