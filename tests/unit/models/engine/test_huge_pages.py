"""What the model's process is started with, and that glibc heeds it."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from models.engine.huge_pages import environment_with_huge_pages

_POLICY = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def asks_for_huge_pages() -> bool:
    """Whether glibc knows the setting, and the kernel gives such pages to who asks for them."""
    library, version = platform.libc_ver()
    return (
        library == "glibc"
        and tuple(map(int, version.split(".")[:2])) >= (2, 35)
        and _POLICY.exists()
        and "[madvise]" in _POLICY.read_text()
    )


def test_what_a_person_has_tuned_is_kept() -> None:
    """Other tunables stay, and a choice about huge pages is not overruled."""
    assert environment_with_huge_pages({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}) == {
        "GLIBC_TUNABLES": "glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1"
    }
    assert environment_with_huge_pages({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}) == {}


@pytest.mark.skipif(not asks_for_huge_pages(), reason="no huge pages for who asks for them")
def test_large_memory_of_the_process_asks_for_huge_pages() -> None:
    """The kernel is told so ("hg")."""
    script = (
        "import ctypes, re\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.malloc.restype = ctypes.c_void_p\n"
        "at = libc.malloc(ctypes.c_size_t(64 << 20))\n"
        "for part in re.split(r'(?m)^(?=[0-9a-f]+-[0-9a-f]+ )', open('/proc/self/smaps').read()):\n"
        "    begin, end = (int(n, 16) for n in part.split()[0].split('-')) if part else (0, 0)\n"
        "    if begin <= at + (32 << 20) < end:\n"
        "        print('hg' in part.partition('VmFlags:')[2].split())\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        env=environment_with_huge_pages({}),
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == "True"
