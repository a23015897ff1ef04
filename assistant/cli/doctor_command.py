"""`studiolo doctor`: what was found, and how each problem is mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from assistant.cli.console import DONE, FAILED, Console
from assistant.doctor import Finding, examine
from assistant.errors import NoModelInstalled
from assistant.paths import DataPaths
from assistant.wording import SETUP_COMMAND, bytes_text, explain


class _Checked(msgspec.Struct, frozen=True):
    name: str
    state: str
    found: str
    mend: str | None
    facts: dict[str, str | int | float | bool | list[str] | None]


class _Examination(msgspec.Struct, frozen=True):
    ok: bool
    checks: list[_Checked]


_SIGNS: Final = {"ok": "ok", "note": "note", "problem": "MEND"}


def run(paths: DataPaths, console: Console) -> int:
    """Look at this machine; return 1 where something has to be mended."""
    checks = [
        _Checked(finding.name, finding.state, _found(finding), _mend(finding), finding.facts)
        for finding in examine(paths)
    ]
    ok = all(check.state != "problem" for check in checks)
    if console.json:
        console.document(_Examination(ok, checks))
    else:
        for check in checks:
            console.print(f"{_SIGNS[check.state]:6}{check.name:22}{check.found}")
            if check.mend:
                console.print(f"{'':6}{'':22}→ {check.mend}")
        console.print("\nAll is well." if ok else "\nWhat is marked MEND has to be mended first.")
    return DONE if ok else FAILED


def _found(finding: Finding) -> str:
    words = _FOUND.get(finding.name)
    if words is not None:
        return words(finding)
    return str(finding.facts.get("version", "missing"))


def _room(finding: Finding) -> str:
    free, total = (float(str(finding.facts[name])) for name in ("free_bytes", "total_bytes"))
    return f"{bytes_text(free)} free of {bytes_text(total)}"


def _processor(finding: Finding) -> str:
    facts = finding.facts
    return (
        f"{facts['machine']}, {facts['cores']} cores ({facts['logical']} threads), "
        f"of which a model uses {facts['threads_used']}"
    )


def _database(finding: Finding) -> str:
    if finding.kind:
        return f"damaged: {finding.facts['problem']}"
    return f"sound, {finding.facts['documents']} documents"


def _offload(finding: Finding) -> str:
    built = finding.facts.get("built_for")
    if isinstance(built, list) and built:
        return f"llama.cpp is built for {', '.join(built)}"
    return "llama.cpp is built for the processor"


def _models(finding: Finding) -> str:
    names = finding.facts["names"]
    return ", ".join(names) if isinstance(names, list) and names else "none"


def _network(finding: Finding) -> str:
    facts = finding.facts
    if not facts["guard"]:
        return "not guarded"
    return f"denied; {facts['denied']} attempts refused, {facts['allowed']} allowed"


_FOUND: Final[dict[str, Callable[[Finding], str]]] = {
    "python": lambda finding: f"{finding.facts['version']} on {finding.facts['system']}",
    "processor": _processor,
    "memory": _room,
    "disk": _room,
    "data folder": lambda finding: f"{finding.facts['path']} (logs in {finding.facts['logs']})",
    "database": _database,
    "graphics card": _offload,
    "models": _models,
    "embedder": lambda finding: "missing" if finding.kind else str(finding.facts["folder"]),
    "network": _network,
}

_RUN_SETUP: Final = f"Run '{SETUP_COMMAND}'."
_MENDS: Final = {
    "too_old": "Install Python 3.11 or newer and run the set-up with it.",
    "little memory": "Close other programs before asking, or use a smaller model.",
    "little disk": "Make room on this disk, or choose another data folder with --data-dir.",
    "not_writable": "Let yourself write to this folder, or choose another with --data-dir.",
    "damaged": "Close Studiolo and put a copy from the folder 'backups' in the database's place.",
    "no_llama": _RUN_SETUP,
    "missing": _RUN_SETUP,
    "none": explain(NoModelInstalled(folder="")),
    "unused": "There is an NVIDIA card that llama.cpp is not built for: "
    f"'{SETUP_COMMAND} --gpu cuda' builds it.",
}


def _mend(finding: Finding) -> str | None:
    if not finding.kind:
        return None
    kind = f"{finding.kind} {finding.name}" if finding.kind == "little" else finding.kind
    return _MENDS.get(kind, _RUN_SETUP)
