from __future__ import annotations

import zipfile

import pytest

from indexing.errors import FileUnreadable
from indexing.places import place_at
from indexing.readers.epub import read_epub
from tests.unit.indexing.readers.conftest import shown

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
BOOK = """<package xmlns="http://www.idpf.org/2007/opf"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Sea</dc:title></metadata>
<manifest>
 <item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>
 <item id="one" href="text/one%20.xhtml" media-type="application/xhtml+xml"/>
 <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
</manifest><spine><itemref idref="one"/><itemref idref="two"/></spine></package>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<body><nav epub:type="toc"><ol><li><a href="text/one%20.xhtml">The Shore</a></li>
<li><a href="text/two.xhtml">The Waves</a></li><li><a href="text/two.xhtml#deep">The Deep</a></li>
</ol></nav></body></html>"""
PAGE = '<?xml version="1.0" encoding="iso-8859-1"?><html xmlns="http://www.w3.org/1999/xhtml">'


@pytest.fixture
def write(tmp_path):
    def save(*, one="<p>On&nbsp;the <i>shöre</i>.</p>", nav=NAV, more=()):
        path = tmp_path / "sea.epub"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("mimetype", "application/epub+zip")
            package.writestr("META-INF/container.xml", CONTAINER)
            package.writestr("OEBPS/book.opf", BOOK)
            package.writestr("OEBPS/nav.xhtml", nav)
            page = f"{PAGE}<head><title/></head><body>{one}</body></html>"
            package.writestr("OEBPS/text/one .xhtml", page.encode("iso-8859-1"))
            package.writestr(
                "OEBPS/text/two.xhtml",
                f"{PAGE}<body><h1>The Waves</h1><p>They break.</p>"
                '<h2 id="deep">The Deep</h2><p>It is dark.</p></body></html>',
            )
            for name, content in more:
                package.writestr(name, content)
        return path

    return save


def test_chapters_come_in_the_order_of_the_spine(write, finish):
    document = finish(read_epub(write()))

    assert document.title == "The Sea"
    assert shown(document) == [
        ("paragraph", "On the shöre."),
        ("heading", "The Waves"),
        ("paragraph", "They break."),
        ("heading", "The Deep"),
        ("paragraph", "It is dark."),
    ]
    assert document.blocks[0].headings == ("The Shore",)
    assert document.page_starts == (0, document.text.index("The Waves"))


def test_a_chapter_is_cited_by_its_name(write, finish):
    document = finish(read_epub(write()))

    def chapter(words):
        start = document.text.index(words)
        place = place_at(document.places, start, start + len(words))
        assert place is not None
        assert place.kind == "chapter"
        return place.number, place.name

    assert chapter("shöre") == (1, "The Shore")
    assert chapter("They break") == (2, "The Waves")
    assert chapter("dark") == (3, "The Deep")


def test_a_page_that_is_not_well_formed_is_read_all_the_same(write, finish):
    document = finish(read_epub(write(one="<p>Never <b>closed<p>Next")))
    assert document.text.startswith("Never closed\n\nNext")


def test_a_protected_book_says_so(write, finish):
    locked = '<encryption><CipherReference URI="OEBPS/text/two.xhtml"/></encryption>'
    with pytest.raises(FileUnreadable) as caught:
        finish(read_epub(write(more=[("META-INF/encryption.xml", locked)])))
    assert caught.value.problem == "copy_protected"
    fonts = '<encryption><CipherReference URI="OEBPS/font.otf"/></encryption>'
    assert finish(read_epub(write(more=[("META-INF/encryption.xml", fonts)]))).text


def test_a_package_without_a_book_is_unreadable(tmp_path, finish):
    path = tmp_path / "hollow.epub"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/epub+zip")
    with pytest.raises(FileUnreadable):
        finish(read_epub(path))
