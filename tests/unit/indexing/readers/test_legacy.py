"""Old formats through LibreOffice: a program of the test's own stands in for it."""

from __future__ import annotations

import sys
import time

import docx
import pytest

from indexing.errors import ConverterMissing, FileUnreadable, ReadTimeout
from indexing.readers import legacy
from indexing.readers.read import read

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le") + bytes(600)


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "letter.doc"
    path.write_bytes(OLE)
    return path


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Installs a converter with a body of its own; `arguments` are those it is called with."""

    def install(body):
        program = tmp_path / "soffice"
        program.write_text(
            f"#!{sys.executable}\nimport shutil, sys, time\narguments = sys.argv[1:]\n"
            "target = arguments[arguments.index('--outdir') + 1]\n" + body
        )
        program.chmod(0o755)
        monkeypatch.setattr(legacy, "converter", lambda: str(program))

    return install


def test_without_libreoffice_that_is_the_reason(old, finish, monkeypatch):
    monkeypatch.setattr(legacy, "converter", lambda: None)
    with pytest.raises(ConverterMissing) as caught:
        finish(read(old))
    assert caught.value.suffix == ".doc"


def test_what_it_makes_is_read(old, tmp_path, finish, office):
    document = docx.Document()
    document.add_paragraph("Dear Anna")
    document.save(tmp_path / "made.docx")
    office(f"shutil.copy({str(tmp_path / 'made.docx')!r}, target + '/letter.docx')\n")

    read_document = finish(read(old))

    assert read_document.text == "Dear Anna"
    assert read_document.kind == "docx"


def test_a_file_it_makes_nothing_of_is_unreadable(old, finish, office):
    office("sys.exit(0)\n")
    with pytest.raises(FileUnreadable):
        finish(read(old))


def test_it_is_ended_when_it_takes_too_long(old, finish, office, monkeypatch):
    monkeypatch.setattr(legacy, "_LIMIT_S", 0.5)
    office("time.sleep(60)\n")
    begin = time.monotonic()
    with pytest.raises(ReadTimeout):
        finish(read(old))
    assert time.monotonic() - begin < 20
