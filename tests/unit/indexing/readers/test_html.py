from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.errors import EmptyDocument, FileUnreadable
from indexing.readers.html import read_html

PAGE = """<!DOCTYPE html><html><head><title>The  Garden
 Letter</title><style>p {color: red}</style><script>var x = "hidden";</script></head>
<body><nav><a href="/">Home</a></nav>
<h1>Spring</h1><p>Sow <b>peas</b> and
beans;<br>water them.</p>
<h2>Tools</h2><ul><li>Spade</li><li>Rake<ol start="3"><li>iron</li><li>wood</li></ol></li></ul>
<table><tr><th>Crop</th><th>Weeks</th></tr><tr><td>Peas</td><td><p>ten</p></td></tr></table>
<pre>a  b
  c</pre><blockquote>As they say.</blockquote>
<div style="display:none">unseen</div><!-- a comment --><p>Last&nbsp;words</p></body></html>"""


@pytest.fixture
def write(tmp_path):
    def save(text, encoding="utf-8"):
        path = tmp_path / "page.html"
        path.write_bytes(text.encode(encoding))
        return path

    return save


def test_what_a_person_reads_in_reading_order(write, finish):
    document = finish(read_html(write(PAGE)))

    assert document.title == "The Garden Letter"
    assert [(b.kind, document.text[b.start : b.end]) for b in document.blocks] == [
        ("heading", "Spring"),
        ("paragraph", "Sow peas and beans;\nwater them."),
        ("heading", "Tools"),
        ("list_item", "• Spade"),
        ("list_item", "• Rake"),
        ("list_item", "3. iron"),
        ("list_item", "4. wood"),
        ("table", "Crop | Weeks\nCrop: Peas | Weeks: ten"),
        ("code", "a  b\n  c"),
        ("quote", "As they say."),
        ("paragraph", "Last words"),
    ]
    assert document.blocks[-1].headings == ("Spring", "Tools")


def test_the_declared_encoding_counts(write, finish):
    page = '<meta charset="windows-1251"><p>Договор аренды квартиры</p>'
    assert "Договор аренды" in finish(read_html(write(page, "cp1251"))).text


def test_a_table_for_layout_is_no_table(write, finish):
    page = "<table><tr><td><p>One</p><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    document = finish(read_html(write(page)))
    assert [(b.kind, document.text[b.start : b.end]) for b in document.blocks] == [
        ("paragraph", "One"),
        ("table", "a | b"),
    ]


def test_the_main_part_is_taken_where_it_is_most(write, finish):
    page = f"<body><div>Cookies?</div><main><p>{'Matter. ' * 50}</p></main><p>Footer</p></body>"
    text = finish(read_html(write(page))).text
    assert "Matter." in text
    assert "Cookies" not in text


def test_no_entity_reaches_outside(write, finish, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    page = (
        f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">'
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        "<html><body><p>Before &x; &b; after</p></body></html>"
    )
    text = finish(read_html(write(page))).text
    assert "the secret" not in text
    assert "after" in text


def test_depth_is_no_danger(write, finish):
    for tag in ("div", "b", "table><tr><td", "ul><li", "blockquote"):
        page = f"<p>Above</p>{f'<{tag}>' * 30_000}deep"
        document = finish(read_html(write(page)))
        assert "Above" in document.text
        assert "deep" in document.text or document.warnings


def test_nothing_to_read_is_empty(write, finish):
    for page in ("", "<html></html>", "<script>1</script>", "<p> &nbsp; </p>"):
        with pytest.raises((EmptyDocument, FileUnreadable)):
            finish(read_html(write(page)))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    page=st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<table>", "</table>", "<tr>", "<td>", "</td>", "</tr>", "<li>", "<ul>",
             "</ul>", "<h1>", "</h1>", "<pre>", "</pre>", "<br>", "<caption>", "text", " ", "\n",
             "&amp;", "&#0;", "&#xD800;", "<!--", "-->", "<th>", "<div hidden>", "</div>", "<hr>",
             "<blockquote>", "</blockquote>", "<ol start=x>", "</ol>", "<a>", "<main>", "</main>"]
        ),
        max_size=40,
    ).map("".join)
)  # fmt: skip
def test_no_page_breaks_the_reader(write, finish, page):
    with suppress(EmptyDocument, FileUnreadable):
        finish(read_html(write(page)))


def test_each_row_of_a_table_has_its_header(write, finish):
    page = """<table><thead><tr><th rowspan=2>Crop</th><th colspan=2>Sown</th></tr>
    <tr><th>from</th><th>to</th></tr></thead>
    <tr><td rowspan=2>Peas</td><td>March</td><td>May</td></tr>
    <tr><td>July</td><td>August</td></tr></table>"""
    assert finish(read_html(write(page))).text == (
        "Crop | Sown\nCrop | from | to\n"
        "Crop: Peas | Sown from: March | Sown to: May\n"
        "Crop: Peas | Sown from: July | Sown to: August"
    )


def test_formulas_and_pictures_are_told_in_words(write, finish):
    page = """<p>So <math alttext="a^2"><mi>a</mi></math> <img src=x alt="A map of Ulm">
    <img src=y alt="logo"></p>"""
    assert finish(read_html(write(page))).text == "So a^2 [Picture: A map of Ulm]"
