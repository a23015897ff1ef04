"""Where LM Studio, Jan, GPT4All, Ollama and the Hugging Face cache keep their models."""

from __future__ import annotations

import configparser
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from models.sources import Place, Source, first_line, small_text


def other_programs(
    environment: Mapping[str, str], home: Path, platform: str = sys.platform
) -> list[Place]:
    """Find the models folders of LM Studio, Jan, GPT4All, Ollama and the Hugging Face cache.

    Args:
        environment: The variables that move them.
        home: The person's home folder.
        platform: As `sys.platform` names it.
    """
    folders: list[tuple[Source, Path]] = [
        *(("lmstudio", folder) for folder in _lm_studio_folders(home)),
        *(("jan", folder) for folder in _jan_folders(environment, home, platform)),
        *(("gpt4all", folder) for folder in _gpt4all_folders(environment, home, platform)),
        *(("ollama", folder) for folder in _ollama_folders(environment, home, platform)),
        ("huggingface", _huggingface_folder(environment, home)),
    ]
    seen: set[Path] = set()
    places: list[Place] = []
    for source, folder in folders:
        try:
            real = folder.expanduser().resolve()
            if real in seen or not real.is_dir():
                continue
        except (OSError, RuntimeError):
            continue
        seen.add(real)
        places.append(Place(source, str(real)))
    return places


def _lm_studio_folders(home: Path) -> Iterator[Path]:
    pointed = first_line(home / ".lmstudio-home-pointer")
    homes = [Path(pointed)] if pointed else []
    for folder in (*homes, home / ".lmstudio", home / ".cache" / "lm-studio"):
        moved = _json(folder / "settings.json").get("downloadsFolder")
        if isinstance(moved, str) and moved:
            yield Path(moved)
        yield folder / "models"


def _jan_folders(environment: Mapping[str, str], home: Path, platform: str) -> Iterator[Path]:
    for parent in _application_data(environment, home, platform):
        moved = _json(parent / "Jan" / "settings.json").get("data_folder")
        data = Path(moved) if isinstance(moved, str) and moved else parent / "Jan" / "data"
        yield data / "llamacpp" / "models"
        yield data / "models"
    yield home / "jan" / "models"


def _gpt4all_folders(environment: Mapping[str, str], home: Path, platform: str) -> Iterator[Path]:
    configuration = home / ".config"
    if platform == "win32":
        configuration = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    elif environment.get("XDG_CONFIG_HOME"):
        configuration = Path(environment["XDG_CONFIG_HOME"])
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(small_text(configuration / "nomic.ai" / "GPT4All.ini"))
        moved = parser.get("General", "modelPath", fallback="")
    except configparser.Error:
        moved = ""
    if moved:
        yield Path(moved)
    for parent in _application_data(environment, home, platform):
        yield parent / "nomic.ai" / "GPT4All"


def _application_data(
    environment: Mapping[str, str], home: Path, platform: str
) -> tuple[Path, ...]:
    if platform == "win32":
        return (
            Path(environment.get("APPDATA") or home / "AppData" / "Roaming"),
            Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local"),
        )
    if platform == "darwin":
        return (home / "Library" / "Application Support",)
    return (
        Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share"),
        Path(environment.get("XDG_CONFIG_HOME") or home / ".config"),
    )


def _ollama_folders(environment: Mapping[str, str], home: Path, platform: str) -> Iterator[Path]:
    if environment.get("OLLAMA_MODELS"):
        yield Path(environment["OLLAMA_MODELS"])
        return
    yield home / ".ollama" / "models"
    if platform not in ("win32", "darwin"):
        yield Path(
            "/usr/share/ollama/.ollama/models"
        )  # where its service runs as a user of its own


def _huggingface_folder(environment: Mapping[str, str], home: Path) -> Path:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if environment.get(name):
            return Path(environment[name])
    if environment.get("HF_HOME"):
        return Path(environment["HF_HOME"]) / "hub"
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    return cache / "huggingface" / "hub"


def _json(path: Path) -> dict[str, object]:
    try:
        value = json.loads(small_text(path) or "{}")
    except ValueError:
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
