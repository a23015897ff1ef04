from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.errors import EmptyDocument, FileUnreadable
from indexing.readers import markdown
from indexing.readers.markdown import read_markdown

SAMPLE = """---
title: "House rules"
---

# Rules of the *house*

Be quiet after ten,
and before seven.

## Kitchen

- Wash up
- Take out:
  - glass
  - paper

| Day | Who |
|-----|-----|
| Mon | Ada |

> Quoted words

```python
# not a heading
```

Second title
------------

[ref]: https://example.org
"""


@pytest.fixture
def write(tmp_path):
    def save(text):
        path = tmp_path / "notes.md"
        path.write_bytes(text.encode())
        return path

    return save


def test_blocks_point_into_the_files_own_text(write, finish):
    document = finish(read_markdown(write(SAMPLE)))

    assert document.text == SAMPLE
    assert document.title == "House rules"
    found = [
        (b.kind, document.text[b.start : b.end], b.headings[1:])
        for b in document.blocks
        if b.headings
    ]
    assert found == [
        ("paragraph", "Be quiet after ten,\nand before seven.", ()),
        ("heading", "## Kitchen", ()),
        ("list_item", "- Wash up", ("Kitchen",)),
        ("list_item", "- Take out:", ("Kitchen",)),
        ("list_item", "- glass", ("Kitchen",)),
        ("list_item", "- paper", ("Kitchen",)),
        ("table", "| Day | Who |\n|-----|-----|\n| Mon | Ada |", ("Kitchen",)),
        ("quote", "> Quoted words", ("Kitchen",)),
        ("code", "```python\n# not a heading\n```", ("Kitchen",)),
        ("heading", "Second title\n------------", ()),
        ("paragraph", "[ref]: https://example.org", ("Second title",)),
    ]
    assert {b.headings[0] for b in document.blocks if b.headings} == {"Rules of the house"}


def test_the_first_heading_is_the_title(write, finish):
    assert finish(read_markdown(write("Intro\n\n# On Bees\n\nText"))).title == "On Bees"
    assert finish(read_markdown(write("Just text"))).title == "notes"


def test_chunks_make_no_difference(write, finish, monkeypatch):
    text = (SAMPLE.split("---\n", 2)[2] + "\n") * 20
    whole = finish(read_markdown(write(text)))
    monkeypatch.setattr(markdown, "_CHUNK", 100)

    assert finish(read_markdown(write(text))).blocks == whole.blocks


def test_empty_is_said(write, finish):
    with pytest.raises(EmptyDocument):
        finish(read_markdown(write("\n \n")))


def test_depth_is_no_danger(write, finish):
    for text in ("> " * 5000 + "deep", "- " * 5000 + "deep", "[" * 20000, "*" * 20000 + "a"):
        finish(read_markdown(write(text)))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.lists(
        st.sampled_from(
            ["# a", "## b", "c", "", "- d", "  e", "    f", "> g", "```", "~~~", "| h | i |",
             "|---|---|", "---", "===", "1. j", "\t", "<div>", "k  ", "[l]: m", "\u2028", "\x0c"]
        ),
        max_size=30,
    ).map("\n".join)
)  # fmt: skip
def test_whatever_the_structure_blocks_cover_the_text(write, finish, text):
    try:
        document = finish(read_markdown(write(text)))
    except (EmptyDocument, FileUnreadable):
        return
    assert document.text == text
