from __future__ import annotations

import json

import pytest

from indexing.errors import FileUnreadable, TooLarge
from indexing.places import place_at
from indexing.readers import data
from indexing.readers.read import read
from tests.unit.indexing.readers.conftest import shown


@pytest.fixture
def write(tmp_path):
    def save(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return save


def test_json_records_are_rows_and_what_is_nested_has_its_name(write, finish):
    text = (
        '{"name": "Shop", "open": true, "items": [{"name": "Tea", "price": 4.50,'
        ' "tags": ["hot", "green"]}, {"name": "Cake", "price": 3}],'
        ' "owner": {"name": "Anna", "address": {"city": "Ulm"}}}'
    )
    document = finish(read(write("shop.json", text)))

    assert shown(document) == [
        ("table", "name: Shop\nopen: true"),
        ("heading", "items"),
        ("table", "name: Tea | price: 4.50 | tags: hot, green\nname: Cake | price: 3"),
        ("heading", "owner"),
        ("table", "name: Anna"),
        ("heading", "address"),
        ("table", "city: Ulm"),
    ]
    assert document.blocks[-1].headings == ("owner", "address")


def test_one_value_a_line_is_json_too(write, finish):
    assert (
        finish(read(write("a.json", '{"a": 1}\n{"a": 2, "b": "x"}\n'))).text == "a: 1\na: 2 | b: x"
    )


def test_a_notebook_is_its_cells(write, finish):
    cells = [
        {"cell_type": "markdown", "source": ["# Peas\n", "\n", "They grow."]},
        {
            "cell_type": "code",
            "source": "1 + 1",
            "outputs": [{"data": {"text/plain": ["2"]}}],
        },
    ]
    document = finish(read(write("a.ipynb", json.dumps({"cells": cells}))))
    assert shown(document) == [
        ("heading", "Peas"),
        ("paragraph", "They grow."),
        ("code", "1 + 1"),
        ("code", "2"),
    ]


def test_xml_is_told_by_the_names_of_its_elements(write, finish):
    text = (
        "<?xml version='1.0'?><feed><title>News</title><item id='1'><title>First</title>"
        "<text>Some <b>bold</b> words</text></item><item><title>Second</title></item></feed>"
    )
    document = finish(read(write("feed.xml", text)))
    assert document.text == (
        "feed\n\ntitle: News\n\nitem\n\nid: 1 | title: First | text: Some bold words\ntitle: Second"
    )


def test_what_an_element_says_besides_its_attributes_goes_by_its_name(write, finish):
    line = "<line><item>Peas</item><price unit='EUR'>3.50</price></line>"
    text = f"<?xml version='1.0'?><bill>{line}{line}</bill>"
    assert (
        "item: Peas | price.unit: EUR | price: 3.50" in finish(read(write("bill.xml", text))).text
    )


def test_yaml_is_its_own_text(write, finish):
    text = "name: Shop\nitems:\n  - tea\n\nowner: Anna\n"
    document = finish(read(write("shop.yaml", text)))
    assert document.text == text
    place = place_at(document.places, text.index("owner"), len(text) - 1)
    assert place is not None
    assert place.kind == "line"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{broken"),
        ("a.json", "[" * 100_000),
        ("a.xml", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ("a.xml", "<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///etc/passwd'>" + " " * 70_000),
        ("a.xml", "no markup at all"),
    ],
)
def test_what_is_broken_or_hostile_says_so(write, finish, name, text):
    with pytest.raises(FileUnreadable):
        finish(read(write(name, text)))


def test_no_entity_of_elsewhere_is_fetched(write, tmp_path, finish):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    text = f"<!DOCTYPE a [<!ENTITY x SYSTEM 'file://{secret}'>]><a>words &x;</a>"
    with pytest.raises(FileUnreadable):
        finish(read(write("a.xml", text)))


def test_more_values_than_a_file_may_have_are_refused(write, finish, monkeypatch):
    monkeypatch.setattr(data, "_MOST_VALUES", 50)
    with pytest.raises(TooLarge):
        finish(read(write("a.json", json.dumps([{"a": n} for n in range(100)]))))
