from __future__ import annotations

import base64
import hashlib
import zipfile
import zlib

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, TooLarge
from indexing.places import place_at
from indexing.readers import odf_password, sheets
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
    with pytest.raises(EmptyDocument):
        finish(read_odf(write("odt", "")))
    odd = tmp_path / "odd.odt"
    odd.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(FileUnreadable):
        finish(read_odf(odd))


SALT = bytes(range(16))
SHA256 = (
    '<m:start-key-generation m:start-key-generation-name="http://www.w3.org/2000/09/xmldsig#sha256"'
    ' m:key-size="32"/>'
)


def base64_of(data):
    return base64.b64encode(data).decode()


def deflated(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def pbkdf2(size, rounds):
    return (
        f'<m:key-derivation m:key-derivation-name="PBKDF2" m:key-size="{size}" '
        f'm:iteration-count="{rounds}" m:salt="{base64_of(SALT)}"/>'
    )


def libreoffice_24(data, password, rounds=1000):
    """As LibreOffice 3.5 to 24.2 do it, each part by itself."""
    data = deflated(data)
    secret = hashlib.sha256(password).digest()
    key = hashlib.pbkdf2_hmac("sha1", secret, SALT, rounds, 32)
    encryptor = Cipher(AES(key), CBC(SALT)).encryptor()
    fill = 16 - len(data) % 16
    how = (
        "<m:encryption-data "
        'm:checksum-type="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k" '
        f'm:checksum="{base64_of(hashlib.sha256(data[:1024]).digest())}">'
        '<m:algorithm m:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc" '
        f'm:initialisation-vector="{base64_of(SALT)}"/>{SHA256}{pbkdf2(32, rounds)}'
        "</m:encryption-data>"
    )
    return encryptor.update(data + bytes([fill]) * fill) + encryptor.finalize(), how


def openoffice(data, password):
    """As OpenOffice does it, and did from its first version on."""
    data = deflated(data)
    secret = hashlib.sha1(password).digest()
    key = hashlib.pbkdf2_hmac("sha1", secret, SALT, 1024, 16)
    encryptor = Cipher(Blowfish(key), CFB(SALT[:8])).encryptor()
    how = (
        '<m:encryption-data m:checksum-type="SHA1/1K" '
        f'm:checksum="{base64_of(hashlib.sha1(data[:1024]).digest())}">'
        '<m:algorithm m:algorithm-name="Blowfish CFB" '
        f'm:initialisation-vector="{base64_of(SALT[:8])}"/>{pbkdf2(16, 1024)}</m:encryption-data>'
    )
    return encryptor.update(data) + encryptor.finalize(), how


def libreoffice_25(data, password):
    """As LibreOffice does it since 24.8, the whole package at once."""
    derive = Argon2id(salt=SALT, length=32, iterations=1, lanes=1, memory_cost=64)
    key = derive.derive(hashlib.sha256(password).digest())
    vector = SALT[:12]
    how = (
        "<m:encryption-data>"
        '<m:algorithm m:algorithm-name="http://www.w3.org/2009/xmlenc11#aes256-gcm" '
        f'm:initialisation-vector="{base64_of(vector)}"/>{SHA256}'
        '<m:key-derivation m:key-derivation-name="urn:org:documentfoundation:names:experimental:'
        'office:manifest:argon2id" m:key-size="32" l:argon2-iterations="1" l:argon2-lanes="1" '
        f'l:argon2-memory="64" m:salt="{base64_of(SALT)}"/></m:encryption-data>'
    )
    return vector + AESGCM(key).encrypt(vector, deflated(data), None), how


def manifest_of(entries):
    return (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" xmlns:l='
        '"urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0">'
        + "".join(
            f'<m:file-entry m:full-path="{name}">{how}</m:file-entry>' for name, how in entries
        )
        + "</m:manifest>"
    )


def lock(path, encrypt, password=b"sesame", **options):
    """Encrypts the text of a document by itself."""
    with zipfile.ZipFile(path) as package:
        data, how = encrypt(package.read("content.xml"), password, **options)
        kind = package.read("mimetype")
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", kind)
        package.writestr("content.xml", data)
        package.writestr("META-INF/manifest.xml", manifest_of([("content.xml", how)]))


def lock_whole(path, password=b"sesame"):
    data, how = libreoffice_25(path.read_bytes(), password)
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr("encrypted-package", data)
        package.writestr("META-INF/manifest.xml", manifest_of([("encrypted-package", how)]))


@pytest.mark.parametrize("encrypt", [libreoffice_24, openoffice, libreoffice_25])
def test_a_password_opens_a_text_of_each_office(write, finish, encrypt):
    path = write("odt", "<text:p>The rent is 940 euros.</text:p>" * 40)
    if encrypt is libreoffice_25:
        lock_whole(path)
    else:
        lock(path, encrypt)
    for password in (None, "guess"):
        with pytest.raises(PasswordNeeded) as refused:
            finish(read_odf(path, password))
        assert refused.value.wrong == (password is not None)
    assert finish(read_odf(path, "sesame")).text.count("The rent is 940 euros.") == 40


def test_what_is_locked_costs_no_more_than_what_is_open(write, finish, monkeypatch):
    path = write("odt", "<text:p>The rent is 940 euros.</text:p>" * 40)
    lock(path, libreoffice_24)
    with monkeypatch.context() as less:
        less.setattr(odf_password, "MAX_UNPACKED", 1000)
        with pytest.raises(TooLarge):
            finish(read_odf(path, "sesame"))
    monkeypatch.setattr(odf_password, "_MOST_ROUNDS", 999)
    with pytest.raises(FileUnreadable) as caught:
        finish(read_odf(path, "sesame"))
    assert "1000" in caught.value.problem


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("aes256-cbc", "rot13"),
        (base64_of(SALT), "no base64"),
        ('m:key-size="32" m:iteration', 'm:key-size="31" m:iteration'),
        ('m:iteration-count="1000"', 'm:iteration-count="many"'),
    ],
)
def test_what_is_locked_in_another_way_says_so(write, finish, old, new):
    path = write("odt", "<text:p>Words</text:p>")
    lock(path, libreoffice_24)
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content.replace(old.encode(), new.encode()))
    with pytest.raises(FileUnreadable) as caught:
        finish(read_odf(path, "sesame"))
    assert caught.value.problem.startswith("encryption: ")
