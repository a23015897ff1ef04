"""Memory in huge pages for the weights: a fifth more tokens are written in the same time.

Each written token passes through all the weights, and in pages of 4 KB the processor is kept
waiting for addresses. On a virtual machine with two cores the 1.5B model (Q4_K_M) wrote 16.6
tokens/s from huge pages and 13.3 to 13.9 from small ones, taking turns.
"""

from __future__ import annotations

from collections.abc import Mapping

_VARIABLE = "GLIBC_TUNABLES"
_HUGE_PAGES = "glibc.malloc.hugetlb"


def environment_with_huge_pages(environment: Mapping[str, str]) -> dict[str, str]:
    """What to start a process with that is to load a model.

    Linux gives huge pages to memory that asks for them, and glibc's `malloc` (from 2.35 on)
    asks where it is told to as the process starts; llama.cpp itself does not. Other systems,
    and other C libraries, pay no heed.

    Args:
        environment: What it would be started with; a choice made there is kept.

    Returns:
        The variables to set beside those.
    """
    chosen = environment.get(_VARIABLE, "")
    if _HUGE_PAGES in chosen:
        return {}
    return {_VARIABLE: ":".join(filter(None, [chosen, f"{_HUGE_PAGES}=1"]))}
