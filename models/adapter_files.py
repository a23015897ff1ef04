"""LoRA adapters as files: what their headers say of whom they are for."""

from __future__ import annotations

from pathlib import Path

from models.errors import AdapterUnfit, InvalidModelFile
from models.gguf_header import read_header


def check_adapter(path: str, architecture: str) -> None:
    """Checks by its header that an adapter is one for a family of models.

    Raises:
        AdapterUnfit: It is none, or one for another family.
    """
    try:
        header = read_header(Path(path))
    except InvalidModelFile as error:
        raise AdapterUnfit(path, error.problem) from error
    if header.kind != "adapter":
        raise AdapterUnfit(path, "no_adapter")
    if header.architecture != architecture:
        raise AdapterUnfit(path, "other_family", header.architecture, architecture)
