"""A theme as data: colours by what they mean, read from a TOML file.

Colours are written `#RRGGBB` or, with transparency first, `#AARRGGBB`, as Qt reads them.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

Scheme = Literal["light", "dark"]

TOKENS: Final = (
    "surface", "surface-raised", "line", "text", "text-muted", "accent", "accent-text",
    "proof", "warning", "danger", "highlight",
)  # fmt: skip
SHADES: Final = (
    "surface-sunken", "line-strong", "hover", "pressed", "selected", "selection", "proof-soft",
    "proof-soft-hover", "warning-soft", "accent-hover", "shadow", "scroll",
)  # fmt: skip
SYNTAX: Final = ("keyword", "string", "number", "comment", "name")

_COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{2})?[0-9A-Fa-f]{6}")


class ThemeFileError(ValueError):
    """A theme file lacks a colour, has one too many, or one that cannot be read."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class Tokens(msgspec.Struct, frozen=True):
    """The colours of one theme.

    Attributes:
        colours: Every token and shade by its name.
        syntax: Colours of code by the kind of word.
    """

    name: str
    scheme: Scheme
    colours: dict[str, str]
    syntax: dict[str, str]

    def __getitem__(self, token: str) -> str:
        return self.colours[token]


def load_tokens(path: Path) -> Tokens:
    """Read a theme file.

    Raises:
        ThemeFileError: A colour is missing, unknown or not a colour.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    colours = {
        **_table(path, data, "tokens", TOKENS),
        **_table(path, data, "shades", SHADES),
    }
    scheme = data.get("scheme")
    if scheme not in ("light", "dark"):
        raise ThemeFileError(path, f"scheme is {scheme!r}")
    return Tokens(
        name=str(data.get("name", path.stem)),
        scheme=scheme,
        colours=colours,
        syntax=_table(path, data, "syntax", SYNTAX),
    )


def contrast(foreground: str, background: str) -> float:
    """Return the WCAG contrast of two opaque colours, 1 to 21."""
    lighter, darker = sorted((_luminance(foreground), _luminance(background)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def blend(colour: str, background: str) -> str:
    """Return the opaque colour that a translucent one makes on an opaque background."""
    if len(colour) == 7:
        return colour
    alpha = int(colour[1:3], 16) / 255
    mixed = (
        round(alpha * over + (1 - alpha) * under)
        for over, under in zip(_channels(colour), _channels(background), strict=True)
    )
    return "#" + "".join(f"{channel:02X}" for channel in mixed)


def _table(path: Path, data: dict[str, Any], table: str, names: tuple[str, ...]) -> dict[str, str]:
    found = data.get(table, {})
    wrong = set(found) ^ set(names)
    if wrong:
        raise ThemeFileError(path, f"[{table}] {', '.join(sorted(wrong))} missing or unknown")
    for name, colour in found.items():
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise ThemeFileError(path, f"[{table}] {name} is {colour!r}")
    return dict(found)


def _channels(colour: str) -> tuple[int, int, int]:
    digits = colour[-6:]
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
