from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
import pytest
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from indexing.errors import (
    EmptyDocument,
    FileUnreadable,
    PasswordNeeded,
    TooLarge,
    UnsupportedFormat,
)
from indexing.readers import package
from indexing.readers.docx import read_docx

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.fixture
def save(tmp_path):
    def write(document, name="lease.docx"):
        path = tmp_path / name
        document.save(path)
        return path

    return write


def texts(document):
    return [(b.kind, document.text[b.start : b.end]) for b in document.blocks]


def rewrite(path, change):
    """Writes the package anew, `change(name, content)` giving each part's content."""
    with zipfile.ZipFile(path) as package:
        parts = [(info.filename, package.read(info)) for info in package.infolist()]
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts:
            package.writestr(name, change(name, content))


def test_headings_paragraphs_lists_and_tables_in_reading_order(save, finish):
    made: Any = docx.Document()
    made.core_properties.title = "The lease"
    made.add_heading("Lease", 1)
    made.add_paragraph("It begins in May.")
    made.add_heading("Rent", 2)
    made.add_paragraph("warm", style="List Bullet")
    made.add_paragraph("first", style="List Number")
    made.add_paragraph("second", style="List Number")
    table = made.add_table(2, 2)
    for cell, text in zip(table._cells, ["Month", "Euro", "May", "900"], strict=True):
        cell.text = text
    made.add_paragraph("Said she.", style="Quote")

    document = finish(read_docx(save(made)))

    assert document.title == "The lease"
    assert document.kind == "docx"
    assert texts(document) == [
        ("heading", "Lease"),
        ("paragraph", "It begins in May."),
        ("heading", "Rent"),
        ("list_item", "• warm"),
        ("list_item", "1. first"),
        ("list_item", "2. second"),
        ("table", "Month | Euro\nMonth: May | Euro: 900"),
        ("quote", "Said she."),
    ]
    assert document.blocks[-1].headings == ("Lease", "Rent")


def test_insertions_count_deletions_do_not(save, finish):
    made: Any = docx.Document()
    paragraph = made.add_paragraph("The rent is ")
    paragraph._p.append(
        parse_xml(f"<w:del {nsdecls('w')} w:id='1'><w:r><w:delText>800</w:delText></w:r></w:del>")
    )
    paragraph._p.append(
        parse_xml(f"<w:ins {nsdecls('w')} w:id='2'><w:r><w:t>900</w:t></w:r></w:ins>")
    )
    run = paragraph.add_run(" euro")
    run.add_break(WD_BREAK.LINE)
    paragraph.add_run("a month")

    assert finish(read_docx(save(made))).text == "The rent is 900 euro\na month"


def test_content_controls_are_seen_through(save, finish):
    made: Any = docx.Document()
    made.add_paragraph("Before")
    made.element.body.insert(
        1,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>Inside</w:t></w:r></w:p>"
            "</w:sdtContent></w:sdt>"
        ),
    )
    assert [text for _, text in texts(finish(read_docx(save(made))))] == ["Before", "Inside"]


def test_boxes_that_are_ticked_are_told_from_those_that_are_not(save, finish):
    made: Any = docx.Document()
    for words, inner in (
        ("Yes", '<w:sym w:font="Wingdings" w:char="F0FE"/>'),
        ("No", '<w:sym w:font="Wingdings" w:char="F06F"/>'),
        ("Odd", '<w:sym w:font="Webdings" w:char="F0FE"/><w:sym w:char="zz"/>'),
        ("Cat", _form_box("<w:checked/>")),
        ("Dog", _form_box('<w:checked w:val="0"/>')),
        ("Ox", _form_box('<w:default w:val="1"/>')),
    ):
        run = f"<w:r {nsdecls('w')}>{inner}<w:t xml:space='preserve'> {words}</w:t></w:r>"
        made.add_paragraph()._p.append(parse_xml(run))
    assert [text for _, text in texts(finish(read_docx(save(made))))] == [
        "\u2611 Yes",
        "\u2610 No",
        "Odd",
        "\u2612 Cat",
        "\u2610 Dog",
        "\u2612 Ox",
    ]


def _form_box(state: str) -> str:
    box = f"<w:checkBox><w:sizeAuto/>{state}</w:checkBox>"
    return f'<w:fldChar w:fldCharType="begin"><w:ffData>{box}</w:ffData></w:fldChar>'


def test_a_frame_of_one_cell_is_no_table(save, finish):
    made: Any = docx.Document()
    cell = made.add_table(1, 1).cell(0, 0)
    cell.text = "Boxed"
    cell.add_paragraph("in two paragraphs")
    assert texts(finish(read_docx(save(made)))) == [
        ("paragraph", "Boxed"),
        ("paragraph", "in two paragraphs"),
    ]


def test_footnotes_follow_what_calls_them(save, finish):
    made: Any = docx.Document()
    paragraph = made.add_paragraph("As agreed")
    paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}><w:footnoteReference w:id='2'/></w:r>"))
    made.add_paragraph("Next")
    path = save(made)
    note = (
        f"<w:footnotes {nsdecls('w')}><w:footnote w:id='2'><w:p><w:r><w:t>In 1999.</w:t></w:r>"
        "</w:p></w:footnote></w:footnotes>"
    )

    def relate(name, content):
        if name == "word/_rels/document.xml.rels":
            kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
            link = f'<Relationship Id="rIdN" Type="{kind}" Target="footnotes.xml"/>'
            return content.replace(b"</Relationships>", link.encode() + b"</Relationships>")
        return content

    rewrite(path, relate)
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("word/footnotes.xml", note)

    assert [text for _, text in texts(finish(read_docx(path)))] == [
        "As agreed[1]",
        "[Footnote 1] In 1999.",
        "Next",
    ]


def test_comments_follow_what_they_are_about(save, finish):
    made: Any = docx.Document()
    paragraph = made.add_paragraph("The rent is 900 euro")
    made.add_comment(paragraph.runs, text="Since when?", author="Anna")
    made.add_paragraph("Next")
    assert [text for _, text in texts(finish(read_docx(save(made))))] == [
        "The rent is 900 euro",
        "[Comment by Anna] Since when?",
        "Next",
    ]


def test_headers_and_footers_are_kept_once_and_marked(save, finish):
    made: Any = docx.Document()
    made.add_paragraph("Words")
    made.sections[0].header.paragraphs[0].text = "Acme Ltd, confidential"
    made.sections[0].footer.paragraphs[0].text = "Page 3 of 7"
    assert [text for _, text in texts(finish(read_docx(save(made))))] == [
        "Words",
        "[Header] Acme Ltd, confidential",
    ]


def test_each_row_of_a_table_has_its_header(save, finish):
    made: Any = docx.Document()
    table = made.add_table(4, 3)
    rows = [["Crop", "Sown", "Sown"], ["Crop", "from", "to"], ["Peas", "March", "May"],
            ["Peas", "July", "August"]]  # fmt: skip
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    for row in table.rows[:2]:
        row._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
    for first, last, text in (((0, 1), (0, 2), "Sown"), ((2, 0), (3, 0), "Peas")):
        table.cell(*first).merge(table.cell(*last)).text = text

    assert texts(finish(read_docx(save(made)))) == [
        (
            "table",
            (
                "Crop | Sown\nCrop | from | to\n"
                "Crop: Peas | Sown from: March | Sown to: May\n"
                "Crop: Peas | Sown from: July | Sown to: August"
            ),
        )
    ]


def test_equations_are_read_as_one_would_type_them(save, finish):
    made: Any = docx.Document()
    names = "xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math'"

    def run(text):
        return f"<m:r><m:t>{text}</m:t></m:r>"

    square = f"<m:sSup><m:e>{run('b')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>"
    root = f"<m:rad><m:deg/><m:e>{square}{run('-4ac')}</m:e></m:rad>"
    fraction = f"<m:f><m:num>{run('-b±')}{root}</m:num><m:den>{run('2a')}</m:den></m:f>"
    made.add_paragraph("So")._p.append(
        parse_xml(f"<m:oMath {names}>{run('x=')}{fraction}</m:oMath>")
    )
    assert finish(read_docx(save(made))).text == "So x=(-b±√(b^2-4ac))/2a"


def test_the_strict_variant_is_the_same_document(save, finish):
    made: Any = docx.Document()
    made.add_heading("Strict", 1)
    made.add_paragraph("Other names")
    path = save(made)

    def strict(_name, content):
        for new, old in package._RENAMED:
            content = content.replace(
                b"http://schemas.openxmlformats.org/" + old, package._STRICT + new
            )
        return content

    rewrite(path, strict)
    with pytest.raises(KeyError):
        docx.Document(str(path))

    assert texts(finish(read_docx(path))) == [
        ("heading", "Strict"),
        ("paragraph", "Other names"),
    ]


def test_a_bomb_is_refused_before_it_is_unpacked(save, finish, monkeypatch):
    monkeypatch.setattr(package, "MAX_UNPACKED", 1_000_000)
    made: Any = docx.Document()
    made.add_paragraph("a" * 2_000_000)
    path = save(made)
    assert path.stat().st_size < 100_000

    with pytest.raises(TooLarge) as caught:
        finish(read_docx(path))
    assert caught.value.what == "unpacked bytes"
    assert caught.value.amount > caught.value.limit == 1_000_000


def test_no_entity_is_resolved(save, finish, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    made: Any = docx.Document()
    made.add_paragraph("ENTITY")
    made.add_paragraph("What comes after")
    path = save(made)

    def poison(name, content):
        if name != "word/document.xml":
            return content
        head, _, rest = content.partition(b"?>")
        doctype = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'.encode()
        return head + b"?>" + doctype + rest.replace(b"ENTITY", b"&x;")

    rewrite(path, poison)
    try:
        text = finish(read_docx(path)).text
    except FileUnreadable:
        return
    assert text == "What comes after"


def test_tables_in_tables_are_no_danger(save, finish):
    made: Any = docx.Document()
    cell = made.add_table(1, 1).cell(0, 0)
    for _ in range(60):
        cell.text = "level"
        cell = cell.add_table(1, 1).cell(0, 0)
    cell.text = "innermost"
    assert "level" in finish(read_docx(save(made))).text


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"not a package", FileUnreadable),
        (b"PK\x03\x04 cut short", FileUnreadable),
        (OLE + "EncryptedPackage".encode("utf-16-le"), PasswordNeeded),
        (OLE + b"WordDocument", UnsupportedFormat),
    ],
)
def test_what_is_no_document_says_what_it_is(tmp_path, finish, data, error):
    path = tmp_path / "odd.docx"
    path.write_bytes(data)
    with pytest.raises(error):
        finish(read_docx(path))


def test_a_package_without_a_document_is_unreadable(tmp_path, finish):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("_rels/.rels", "<Relationships/>")
    path = tmp_path / "hollow.docx"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(FileUnreadable):
        finish(read_docx(path))


def test_a_document_without_text_is_empty(save, finish):
    with pytest.raises(EmptyDocument):
        finish(read_docx(save(docx.Document())))
