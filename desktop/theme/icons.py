"""The icon set: Phosphor, drawn from its font in the colours of the theme.

Icons are asked for by what they mean, so that the set can change in one place.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPixmap

ICONS: Final[dict[str, str]] = {
    "add": "plus",
    "adjust": "sliders-horizontal",
    "attach": "paperclip",
    "back": "caret-left",
    "branch": "git-branch",
    "check": "check",
    "chevron-down": "caret-down",
    "chevron-left": "caret-left",
    "chevron-right": "caret-right",
    "chevron-up": "caret-up",
    "close": "x",
    "collapse": "caret-double-left",
    "copy": "copy",
    "delete": "trash",
    "documents": "stack",
    "edit": "pencil-simple",
    "expand": "caret-double-right",
    "file": "file-text",
    "folder": "folder-open",
    "info": "info",
    "keyboard": "keyboard",
    "library": "books",
    "link": "arrow-square-out",
    "model": "cube",
    "more": "dots-three",
    "new-chat": "note-pencil",
    "offline": "lock-simple",
    "pin": "push-pin-simple",
    "quote": "quotes",
    "regenerate": "arrow-clockwise",
    "remove": "x",
    "search": "magnifying-glass",
    "send": "arrow-up",
    "settings": "gear-six",
    "stop": "stop",
    "study": "book-open",
    "text": "text-align-left",
    "page": "article",
    "thinking": "hourglass-simple-medium",
    "time": "clock",
    "unpin": "push-pin-simple-slash",
    "warning": "warning",
    "pause": "pause",
    "play": "play",
    "zoom-in": "magnifying-glass-plus",
    "zoom-out": "magnifying-glass-minus",
}
FILLED: Final = frozenset({"stop"})
SIZE: Final = 20

_cache: dict[tuple[str, str, str, int], QIcon] = {}


def icon(name: str, colour: str, disabled: str, size: int = SIZE) -> QIcon:
    """Return an icon of the set in a colour, with its disabled state.

    Pixmaps are drawn once, for the screens' own scale and for 1x, since painting through
    Python each time a button is drawn costs too much.

    Raises:
        KeyError: The set has no such icon.
    """
    key = (name, colour, disabled, size)
    if key not in _cache:
        glyph = ICONS[name] + ("-fill" if name in FILLED else "")
        made = QIcon()
        for scale in _scales():
            for mode, shade in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)):
                made.addPixmap(_draw(glyph, shade, size, scale), mode)
        _cache[key] = made
    return _cache[key]


def _scales() -> list[float]:
    return sorted({1.0, 2.0, *(screen.devicePixelRatio() for screen in QGuiApplication.screens())})


def _draw(glyph: str, colour: str, size: int, scale: float) -> QPixmap:
    pixels = round(size * scale)
    drawn: QPixmap = (
        _iconic_font()
        .icon(f"ph.{glyph}", color=QColor(colour), scale_factor=1.14, draw="path")
        .pixmap(QSize(pixels, pixels))
    )
    # qtawesome may already have scaled for the screen; what counts is the pixels there are.
    drawn.setDevicePixelRatio(drawn.width() / size)
    return drawn


@lru_cache(maxsize=1)
def _iconic_font() -> Any:
    # Only one of the dozen fonts that `qtawesome.icon` would read at its first call.
    from qtawesome.iconic_font import IconicFont

    return IconicFont(("ph", "phosphor-1.3.0.ttf", "phosphor-charmap-1.3.0.json"))
