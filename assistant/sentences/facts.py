"""The facts of an error, and what a person can do about it where they read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from indexing.unpacked import name_of

SETUP_COMMAND: Final = "python packaging/studiolo.py run"
IMPORT_COMMAND: Final = "studiolo models import FILE"


@dataclass(frozen=True)
class Ways:
    """What a person can do about an error, in the words of the place where they read it."""

    see_documents: str
    see_collections: str
    see_folders: str
    see_states: str
    see_models: str
    see_catalogue: str
    see_model_folders: str
    see_hub_files: str
    see_data_folder: str
    leave_data_folder: str
    use_other_disk: str
    choose_model: str
    search_with: str
    search_with_other: str
    judge_with: str
    judge_with_other: str
    add_model: str
    ask_by_passages: str
    unlock_file: str


COMMANDS: Final = Ways(
    see_documents="'studiolo index list' shows those there are, and 'studiolo index add PATH' "
    "adds one.",
    see_collections="'studiolo index list' shows which collection each document belongs to.",
    see_folders="'studiolo index folders' shows those there are.",
    see_states="'studiolo index list' shows how each one stands.",
    see_models=f"'studiolo models list' shows those there are, and '{IMPORT_COMMAND}' adds one.",
    see_catalogue="'studiolo models catalogue' shows those there are; any other is named as "
    "REPOSITORY/FILE, which 'studiolo models search' finds.",
    see_model_folders="'studiolo models folders list' shows them.",
    see_hub_files="'studiolo models search' with the repository's name shows those it has.",
    see_data_folder="'studiolo doctor' names the data folder.",
    leave_data_folder="Close it, or name another data folder with --data-dir. If it is a "
    "window, 'studiolo FILE' hands files to it.",
    use_other_disk="Make room, or name a data folder on another disk with --data-dir.",
    choose_model="with 'studiolo models use NAME'",
    search_with="'studiolo index embedder NAME' searches documents with it.",
    search_with_other="'studiolo index embedder NAME' chooses another; then this one can go.",
    judge_with="'studiolo index reranker NAME' has it judge what a search finds.",
    judge_with_other="'studiolo index reranker NAME' chooses another, and --none does without one; "
    "then this one can go.",
    add_model=f"'{IMPORT_COMMAND}' adds a GGUF file that you have, and 'studiolo models catalogue' "
    "shows some to download.",
    ask_by_passages="with passages instead (mode 'retrieval')",
    unlock_file="'studiolo index add PATH --password PASSWORD' opens it.",
)
WINDOW: Final = Ways(
    see_documents="The library shows those there are; drop a file on the window to add it.",
    see_collections="The library shows which collection each document belongs to.",
    see_folders="The library shows those there are.",
    see_states="The library shows how each one stands.",
    see_models="The models page shows those there are, and adds one from a file.",
    see_catalogue="The models page shows those there are.",
    see_model_folders="The models page shows them.",
    see_hub_files="Search for the repository to see those it has.",
    see_data_folder="The settings name the data folder.",
    leave_data_folder="Close it, then open this window again.",
    use_other_disk="Make room, or start Studiolo with --data-dir and a folder on another disk.",
    choose_model="at the top of the window",
    search_with="Choose it as search model in the settings.",
    search_with_other="Choose another search model in the settings; then this one can go.",
    judge_with="Choose it as reranker in the settings.",
    judge_with_other="Choose another reranker in the settings, or none; then this one can go.",
    add_model="The models page adds a GGUF file that you have, and downloads others.",
    ask_by_passages="by passages instead, which is chosen under the question",
    unlock_file="“Enter password…” beside it opens it.",
)


class Facts:
    """The facts of an error, by name, and what the person can do where they read of it."""

    def __init__(self, values: Mapping[str, object], ways: Ways) -> None:
        self._values = values
        self.ways = ways

    def get(self, name: str) -> object:
        """Return a fact; None where it is not known."""
        return self._values.get(name)

    def number(self, name: str) -> str:
        """Return a whole number as people write it; "some" where it is not known."""
        value = self._values.get(name)
        return f"{value:,}" if isinstance(value, int) else "some"


def bytes_text(amount: float) -> str:
    """Return an amount of bytes with a unit that leaves few digits."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return (
                f"{amount:.0f} {unit}"
                if unit == "bytes" or amount >= 10
                else f"{amount:.1f} {unit}"
            )
        amount /= 1000
    return f"{amount:.1f} TB"


def file_name(facts: Facts) -> str:
    """Return the name of the file that an error is about, in an archive with that one's."""
    return name_of(str(facts.get("path") or "The file"))


def from_file(facts: Facts) -> str:
    """Return where something was read from, as the end of a phrase."""
    path = facts.get("path")
    return f" from {path}" if path else ""
