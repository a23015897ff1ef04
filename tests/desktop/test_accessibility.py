"""The window without a mouse, without eyes, with large words and from right to left."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.presenters.session import Session
from desktop.presenters.settings import SettingsPresenter
from desktop.views.main_window import MainWindow
from desktop.views.password_sheet import PasswordSheet
from desktop.widgets.switch import Switch

CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox)
PAGES = ("chat", "library", "models", "settings")


@pytest.fixture
def main(theme, bridge, data_dir, qtbot):
    """The window before its assistant is there."""
    paths = DataPaths(data_dir).create()
    settings = SettingsPresenter(SettingsFile(paths.settings_file), paths.root, bridge)
    made = MainWindow(theme, Session(paths, settings, bridge))
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    return made


def controls(root: QWidget) -> list[QWidget]:
    """What a person can act on that is to be seen."""
    found = [w for w in root.findChildren(QWidget) if isinstance(w, CONTROLS)]
    inside = [w for w in found if isinstance(w.parent(), (QComboBox, QAbstractSpinBox, QLineEdit))]
    return [w for w in found if w.isVisible() and w not in inside]


def sheets(main: MainWindow, theme):
    """Every small window that opens without an assistant."""
    opened = main._sheets
    opened.shortcuts = [("New chat", "Ctrl+N")]
    yield from (
        (opened.show_privacy, "privacy"),
        (opened.show_shortcuts, "shortcuts"),
        (opened.show_deleted, "deleted"),
        (opened.show_personas, "personas"),
        (opened.show_hub, "hub"),
        (lambda: PasswordSheet(theme, "a.pdf", wrong=False, parent=main).open(), "password"),
    )


def test_everything_that_can_be_done_has_a_name(main, theme):
    nameless = []
    for page in PAGES:
        main.show_page(page)
        nameless += [(page, type(w).__name__) for w in controls(main) if not name_of(w)]
        # An icon alone says what it does to eyes too.
        icons = [w for w in controls(main) if isinstance(w, QToolButton) and not w.text()]
        assert [name_of(w) for w in icons if not w.toolTip()] == [], page
    for show, name in sheets(main, theme):
        show()
        [sheet] = [d for d in main.findChildren(QDialog) if d.isVisible()]
        assert controls(sheet)
        nameless += [(name, type(w).__name__) for w in controls(sheet) if not name_of(w)]
        sheet.close()
    assert nameless == []


def name_of(widget: QWidget) -> str:
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")


def test_tab_leads_to_everything(main):
    for page in PAGES:
        main.show_page(page)
        wanted = {w for w in controls(main) if takes_tab(w)}
        assert len(wanted) > 5
        reached = set()
        for _ in range(3 * len(wanted)):
            reached.add(main.focusWidget())
            main.focusNextChild()
        assert {name_of(w) for w in wanted - reached} == set(), page


def takes_tab(widget: QWidget) -> bool:
    return widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def test_what_the_keys_act_on_is_to_be_seen(main, theme):
    main.show_page("settings")
    unmarked = []
    for choice in ("light", "dark"):
        theme.choose(choice)
        for widget in filter(takes_tab, controls(main)):
            main.setFocus()
            before = widget.grab().toImage()
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            if widget.grab().toImage() == before:
                unmarked.append((choice, name_of(widget)))
    assert unmarked == []


@pytest.fixture
def huge(qapp, theme):
    """Words of twice the size, as who sees badly sets them."""
    before = qapp.font()
    larger = QFont(before)
    larger.setPointSizeF(2 * before.pointSizeF())
    qapp.setFont(larger)
    theme._apply()
    yield
    qapp.setFont(before)
    theme._apply()


def test_huge_words_are_not_cut(huge, main):
    cut = []
    for page in ("models", "settings"):
        main.show_page(page)
        cut += [
            f"{page}: {w.text()}"
            for w in controls(main._pages[page])
            if isinstance(w, QPushButton) and w.width() < words_width(w)
        ]
    assert cut == []
    # And the window can still be as narrow as a laptop's half screen.
    assert main.minimumSizeHint().width() <= 1280


def words_width(button: QPushButton) -> int:
    return button.fontMetrics().horizontalAdvance(button.text())


def test_from_right_to_left_everything_changes_sides(qapp, main, until):
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        sidebar, page = main._sidebar, main._stack
        until(lambda: left(sidebar) > left(page))
        main.show_page("settings")
        switch = main._settings.findChild(Switch)
        # On is where reading goes: the knob is at the left.
        image = switch.grab().toImage()
        assert switch.isChecked()
        middle = image.height() // 2
        assert image.pixel(10, middle) != image.pixel(image.width() - 10, middle)
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def left(widget: QWidget) -> int:
    return widget.mapToGlobal(QPoint(0, 0)).x()
