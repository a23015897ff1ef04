from __future__ import annotations

import zipfile

import pytest

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, TooLarge
from indexing.places import place_at
from indexing.readers import sheets
from indexing.readers.odf import read_odf
from indexing.types import Place
from tests.unit.indexing.readers.conftest import shown

NAMES = (
    " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{value}:1.0"'
        for name, value in {
            "office": "office",
            "text": "text",
            "table": "table",
            "draw": "drawing",
            "style": "style",
            "presentation": "presentation",
        }.items()
    )
    + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


@pytest.fixture
def write(tmp_path):
    def save(suffix, body, styles="", parts=()):
        kind = {"odt": "text", "ods": "spreadsheet", "odp": "presentation"}[suffix]
        path = tmp_path / f"made.{suffix}"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
            package.writestr(
                "content.xml",
                f"<office:document-content {NAMES}>"
                f"<office:automatic-styles>{styles}</office:automatic-styles>"
                f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
                "</office:document-content>",
            )
            for name, content in parts:
                package.writestr(name, content)
        return path

    return save


def cell(text, extra=""):
    return f"<table:table-cell {extra}><text:p>{text}</text:p></table:table-cell>"


def test_a_text_with_lists_notes_comments_and_tables(write, finish):
    path = write(
        "odt",
        '<text:h text:outline-level="1">Lease</text:h>'
        '<text:p>As<text:s text:c="2"/>agreed<text:note text:note-class="footnote">'
        "<text:note-citation>1</text:note-citation><text:note-body><text:p>In 1999.</text:p>"
        "</text:note-body></text:note> by both<office:annotation><dc:creator>Anna</dc:creator>"
        "<text:p>Really?</text:p></office:annotation>.</text:p>"
        '<text:list text:style-name="L1"><text:list-item><text:p>first</text:p></text:list-item>'
        "<text:list-item><text:p>second</text:p><text:list><text:list-item><text:p>inner</text:p>"
        "</text:list-item></text:list></text:list-item></text:list>"
        "<table:table><table:table-header-rows><table:table-row>"
        f"{cell('Month')}{cell('Euro')}</table:table-row></table:table-header-rows>"
        f"<table:table-row>{cell('May')}{cell('900')}</table:table-row></table:table>",
        '<text:list-style style:name="L1">'
        '<text:list-level-style-number text:level="1" style:num-format="1"/></text:list-style>',
    )

    document = finish(read_odf(path))

    assert document.kind == "odt"
    assert shown(document) == [
        ("heading", "Lease"),
        ("paragraph", "As agreed[1] by both."),
        ("paragraph", "[Footnote 1] In 1999."),
        ("paragraph", "[Comment by Anna] Really?"),
        ("list_item", "1. first"),
        ("list_item", "2. second"),
        ("list_item", "• inner"),
        ("table", "Month | Euro\nMonth: May | Euro: 900"),
    ]
    assert document.blocks[-1].headings == ("Lease",)


def test_headers_and_footers_are_kept_once_and_marked(write, finish):
    styles = (
        f"<office:document-styles {NAMES}><style:header><text:p>Acme Ltd</text:p></style:header>"
        "<style:footer><text:p>7</text:p></style:footer></office:document-styles>"
    )
    path = write("odt", "<text:p>Words</text:p>", parts=[("styles.xml", styles)])
    assert finish(read_odf(path)).text == "Words\n\n[Header] Acme Ltd"


def test_a_sheet_with_repeated_and_hidden_parts(write, finish):
    path = write(
        "ods",
        '<table:table table:name="Prices"><table:table-row>'
        f"{cell('Crop')}{cell('Euro')}</table:table-row><table:table-row "
        f'table:number-rows-repeated="2">{cell("Peas")}{cell("3")}'
        '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/>'
        "</table:table-row></table:table>"
        '<table:table table:name="Back" table:style-name="ta2"><table:table-row>'
        f"{cell('Kept')}</table:table-row></table:table>",
        '<style:style style:name="ta2"><style:table-properties table:display="false"/>'
        "</style:style>",
    )

    document = finish(read_odf(path))

    assert shown(document) == [
        ("heading", "Prices"),
        ("table", "Crop | Euro\nCrop: Peas | Euro: 3\nCrop: Peas | Euro: 3"),
        ("heading", "Back"),
        ("paragraph", "[Hidden sheet]"),
        ("table", "Kept"),
    ]
    start = document.text.index("Crop: Peas")
    assert place_at(document.places, start, start + 30) == Place("sheet", 1, "Prices", "A2:B3")


def test_a_row_repeated_a_million_times_is_no_bomb(write, finish, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_CELLS", 10_000)
    many = f'table:number-columns-repeated="16000">{"x"}'
    path = write(
        "ods",
        '<table:table table:name="S"><table:table-row table:number-rows-repeated="1000000">'
        f"<table:table-cell {many.replace('x', '<text:p>x</text:p>')}</table:table-cell>"
        "</table:table-row></table:table>",
    )
    with pytest.raises(TooLarge):
        finish(read_odf(path))


def test_slides_with_titles_and_marked_notes(write, finish):
    path = write(
        "odp",
        '<draw:page draw:name="one"><draw:frame presentation:class="title"><draw:text-box>'
        "<text:p>Our plan</text:p></draw:text-box></draw:frame><draw:custom-shape>"
        "<text:p>Sow peas</text:p></draw:custom-shape><presentation:notes><draw:frame>"
        "<draw:text-box><text:p>Speak slowly</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page><draw:page><draw:g><draw:frame><draw:text-box>"
        "<text:p>The end</text:p></draw:text-box></draw:frame></draw:g></draw:page>",
    )

    document = finish(read_odf(path))

    assert shown(document) == [
        ("heading", "Our plan"),
        ("paragraph", "Sow peas"),
        ("paragraph", "[Speaker notes] Speak slowly"),
        ("paragraph", "The end"),
    ]
    assert document.places[1] == (document.text.index("The end"), Place("slide", 2))
    assert document.blocks[-1].headings == ()


def test_what_cannot_be_read_says_why(write, tmp_path, finish):
    encrypted = "<manifest><encryption-data/></manifest>"
    with pytest.raises(PasswordNeeded):
        finish(read_odf(write("odt", "", parts=[("META-INF/manifest.xml", encrypted)])))
    with pytest.raises(EmptyDocument):
        finish(read_odf(write("odt", "")))
    odd = tmp_path / "odd.odt"
    odd.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(FileUnreadable):
        finish(read_odf(odd))
