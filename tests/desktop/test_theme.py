from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QPalette

from desktop.resources import resource
from desktop.theme import icons
from desktop.theme.tokens import ThemeFileError, blend, contrast, load_tokens

CHECKOUT = Path(__file__).resolve().parents[2]
SCHEMES = ("light", "dark")
SURFACES = ("surface", "surface-raised", "surface-sunken")


@pytest.fixture(params=SCHEMES)
def tokens(request):
    return load_tokens(resource("themes", f"{request.param}.toml"))


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("text", ["text", "text-muted", "accent", "proof", "warning", "danger"])
def test_words_can_be_read(tokens, text, surface):
    assert contrast(tokens[text], tokens[surface]) >= 4.5


def test_words_on_coloured_grounds_can_be_read(tokens):
    assert contrast(tokens["accent-text"], tokens["accent"]) >= 4.5
    assert contrast(tokens["accent-text"], tokens["accent-hover"]) >= 4.5
    for ground, word in (
        ("proof-soft", "proof"),
        ("proof-soft-hover", "proof"),
        ("warning-soft", "warning"),
        ("highlight", "text"),
        ("selection", "text"),
        ("selected", "text"),
        ("hover", "text-muted"),
    ):
        for surface in SURFACES:
            assert contrast(tokens[word], blend(tokens[ground], tokens[surface])) >= 4.5, ground


def test_code_can_be_read(tokens):
    for colour in tokens.syntax.values():
        assert contrast(colour, tokens["surface-sunken"]) >= 4.5


def test_controls_can_be_seen(tokens):
    for token in ("line-strong", "accent", "text-muted"):
        for surface in SURFACES:
            assert contrast(tokens[token], tokens[surface]) >= 3, (token, surface)


def test_contrast_is_the_wcag_formula():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert blend("#80000000", "#FFFFFF") == "#7F7F7F"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda text: text.replace("accent-text = ", "accent-texts = "), "accent-text"),
        (lambda text: text.replace('"#FBFAF7"', '"paper"'), "surface"),
        (lambda text: text.replace('scheme = "light"', 'scheme = "dusk"'), "dusk"),
    ],
)
def test_a_broken_theme_file_is_told(tmp_path, change, named):
    text = resource("themes", "light.toml").read_text(encoding="utf-8")
    broken = tmp_path / "broken.toml"
    broken.write_text(change(text), encoding="utf-8")
    with pytest.raises(ThemeFileError, match=named):
        load_tokens(broken)


def test_switching_changes_palette_and_sheet_and_tells(theme, qapp, qtbot):
    light = qapp.palette().color(QPalette.ColorRole.Window)
    sheet = qapp.styleSheet()
    with qtbot.waitSignal(theme.changed):
        theme.choose("dark")
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(theme.tokens["surface"])
    assert qapp.palette().color(QPalette.ColorRole.Window) != light
    assert qapp.styleSheet() != sheet
    assert "@" not in qapp.styleSheet()


def test_every_icon_is_drawn(theme):
    for name in icons.ICONS:
        image = theme.icon(name, "text").pixmap(20, 20).toImage()
        drawn = sum(
            image.pixelColor(x, y).alpha() > 40
            for x in range(image.width())
            for y in range(image.height())
        )
        assert drawn > 8, name


def test_no_colour_is_written_outside_the_themes():
    literal = re.compile(r"#[0-9A-Fa-f]{6}\b|QColor\(\d|rgba?\(\d")
    for path in (CHECKOUT / "desktop").rglob("*.py"):
        if path.name == "tokens.py":
            continue
        assert not literal.search(path.read_text(encoding="utf-8")), path
    assert not literal.search(resource("themes", "studiolo.qss").read_text(encoding="utf-8"))
