"""Logs go to their file, without the texts of exceptions."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading

import pytest

from assistant import logs

SECRET = "a line of a contract"


@pytest.fixture
def _restored():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hooks = sys.excepthook, threading.excepthook
    yield
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    faulthandler.disable()
    while logs._crash_files:
        logs._crash_files.pop().close()
    faulthandler.enable()


@pytest.mark.usefixtures("_restored")
def test_the_app_logs_to_its_file_and_names_uncaught_exceptions_only(tmp_path, capsys):
    file = tmp_path / "logs" / "app.log"
    logs.set_up_app(file)
    logs.set_up_app(file)  # twice is once
    logging.getLogger("assistant.x").info("started %d", 1)

    def fail():
        raise LookupError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    text = file.read_text()
    assert text.count("started 1") == 1
    assert "LookupError" in text
    assert "test_logs.py" in text
    assert SECRET not in text
    assert SECRET in capsys.readouterr().err  # a person at a terminal sees all of it
    assert logs.crash_file(file).exists()


def test_a_large_file_is_set_aside(tmp_path):
    file = tmp_path / "model.log"
    logs.rotate(file)
    file.write_text("x" * 100)
    logs.rotate(file, max_bytes=100)
    assert file.exists()
    logs.rotate(file, max_bytes=99)
    assert not file.exists()
    assert (tmp_path / "model.log.1").read_text() == "x" * 100
