from __future__ import annotations

import sys
import threading

import pytest
from PySide6.QtWidgets import QLabel, QWidget

from desktop.app import Failures
from desktop.views.dialogs import PrivacySheet, ShortcutsSheet


@pytest.fixture
def parent(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def words(widget):
    return [label.text() for label in widget.findChildren(QLabel)]


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ({}, "0 attempts to reach the network were refused since the start."),
        ({"example.org": 1}, "1 attempt to reach the network was refused since the start."),
        ({"a.example": 2, "b.example": 3}, "5 attempts to reach the network were refused since"),
    ],
)
def test_the_privacy_sheet_counts_what_was_refused(theme, parent, denied, said):
    sheet = PrivacySheet(theme, denied, "/home/me/studiolo", parent)
    sheet.open()
    assert any(text.startswith(said) for text in words(sheet))
    assert [t for t in words(sheet) if "example" in t] == [
        f"{host} · {count}" for host, count in sorted(denied.items(), key=lambda item: -item[1])
    ]
    assert any("/home/me/studiolo" in text for text in words(sheet))
    assert 0 < sheet.height() < 400
    sheet.close()


def test_the_keys_are_listed(theme, parent):
    sheet = ShortcutsSheet(theme, [("New chat", "Ctrl+N"), ("Stop", "Esc")], parent)
    sheet.open()
    assert "New chat" in words(sheet)
    assert sheet.height() > 100
    sheet.close()


def test_what_nobody_caught_is_logged_by_those_before_and_told(qapp, qtbot, monkeypatch):
    logged = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: logged.append(error[0]))
    monkeypatch.setattr(threading, "excepthook", lambda found: logged.append(found.exc_type))
    failures = Failures()
    failures.install()
    try:
        told = []
        failures.happened.connect(told.append)
        sys.excepthook(ValueError, ValueError("a document's words"), None)

        def fail():
            raise KeyError("more of its words")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(told) == 2)
    finally:
        failures.uninstall()
    assert told == ["ValueError", "KeyError"]
    assert logged == [ValueError, KeyError]
