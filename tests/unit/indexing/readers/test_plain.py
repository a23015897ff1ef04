from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.errors import EmptyDocument, FileUnreadable
from indexing.readers.plain import read_plain

GERMAN = "Die Prüfung der Bücher ergab: Größe und Maß stimmen überein.\n\nSchöne Grüße, Jörg."
RUSSIAN = "Договор аренды заключён в Москве. Плата вносится до пятого числа каждого месяца.\n" * 5
JAPANESE = "契約書は東京で締結されました。賃料は毎月五日までに支払うものとする。\n" * 5


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-32"),
        (GERMAN, "cp1252"),
        (RUSSIAN, "cp1251"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_any_encoding_is_told(tmp_path, finish, text, encoding):
    path = tmp_path / "letter.txt"
    path.write_bytes(text.encode(encoding))

    document = finish(read_plain(path))

    assert document.text == text
    assert document.title == "letter"
    assert document.kind == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Müller",
        "Name;Betrag\nÄnne;1.234,50\nBo;2\n",
        "Le “prix” de 12 m² : 50 €, l’été passé, à Köln – tout compris",
        "El niño comió una manzana en España. ¿Qué?",
    ],
)
def test_a_few_words_of_western_europe_are_told(tmp_path, finish, text):
    path = tmp_path / "note.txt"
    path.write_bytes(text.encode("cp1252"))
    assert finish(read_plain(path)).text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Zażółć gęślą jaźń. Łódź jest dużym miastem w środkowej Polsce.", "cp1250"),
        ("Türkiye'de yaşayan insanlar güneşli günleri çok severler, değil mi?", "cp1254"),
        ("名前,住所\n田中,東京\n", "shift_jis"),
    ],
)
def test_a_few_words_of_elsewhere_are_told(tmp_path, finish, text, encoding):
    path = tmp_path / "note.txt"
    path.write_bytes(text.encode(encoding))
    assert finish(read_plain(path)).text == text


def test_the_text_is_the_files_own_but_for_line_ends(tmp_path, finish):
    path = tmp_path / "dos.txt"
    path.write_bytes(b"  one\r\n two \rthree\n\r\n\r\nfour\t5 ")

    document = finish(read_plain(path))

    assert document.text == "  one\n two \nthree\n\n\nfour\t5 "
    assert [document.text[b.start : b.end] for b in document.blocks] == [
        "one\n two \nthree",
        "four\t5",
    ]


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf\n"])
def test_nothing_but_white_space_is_empty(tmp_path, finish, data):
    path = tmp_path / "empty.txt"
    path.write_bytes(data)
    with pytest.raises(EmptyDocument):
        finish(read_plain(path))


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 8, b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02" * 99, b"\x00" * 500]
)
def test_binary_is_refused(tmp_path, finish, data):
    path = tmp_path / "picture.txt"
    path.write_bytes(data)
    with pytest.raises((FileUnreadable, EmptyDocument)):
        finish(read_plain(path))


def test_one_bad_byte_in_a_long_text_costs_one_character(tmp_path, finish):
    path = tmp_path / "damaged.txt"
    good = (GERMAN * 200).encode()
    path.write_bytes(good[:5000] + b"\xff" + good[5000:])

    text = finish(read_plain(path)).text

    assert text.count("Prüfung") == 200
    assert text.count("\ufffd") == 1


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=400))
def test_utf_8_survives_whatever_it_says(tmp_path, finish, text):
    path = tmp_path / "any.txt"
    path.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    try:
        document = finish(read_plain(path))
    except (EmptyDocument, FileUnreadable):
        return
    if text.isascii() and text.isprintable():
        assert document.text == text


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path, finish, data):
    path = tmp_path / "any.txt"
    path.write_bytes(data)
    with suppress(EmptyDocument, FileUnreadable):
        finish(read_plain(path))
