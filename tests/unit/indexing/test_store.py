"""What is written of documents, and what the catalog reads of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from indexing.catalog import Catalog, page_at
from indexing.errors import DocumentNotFound, PageNotFound
from indexing.structure import pack_structure, unpack_blocks, unpack_places, unpack_structure
from indexing.types import Block, CanonicalDocument, LineBox, Passage, Place, Rest, ScannedPage

TEXT = "Lease\nThe rent is 900 euros.\n\nNotice\nThree months. \U0001f3e0"
PAGE_TWO = TEXT.index("Notice")


def canonical(text: str = TEXT, title: str = "The lease") -> CanonicalDocument:
    return CanonicalDocument(
        title=title,
        kind="pdf",
        text=text,
        blocks=(
            Block(0, 5, "heading", 1, ("Lease",)),
            Block(6, 28, "paragraph", 1, ("Lease",)),
            Block(PAGE_TWO, len(text), "paragraph", 2, ("Lease", "Notice")),
        ),
        page_starts=(0, PAGE_TWO),
        lines=(
            LineBox(0, 5, 1, 0.1, 0.1, 0.3, 0.12),
            LineBox(6, 28, 1, 0.1, 0.2, 0.9, 0.22),
            LineBox(PAGE_TWO, len(text), 2, 0.1, 0.1, 0.5, 0.15),
        ),
        warnings=("page 3 has no text",),
    )


PASSAGES = [
    Passage(0, 28, 1, ("Lease",), 12),
    Passage(PAGE_TWO, len(TEXT), 2, ("Lease", "Notice"), 6),
]


def add(store, path="/papers/lease.pdf", sha256="aa", document=None, collection=None):
    number = store.register(path, "lease", 10, 1, collection)
    store.set_file(number, sha256, 10, 1)
    content = store.contents.put(number, sha256, document or canonical(), PASSAGES)
    return number, content


def embed_all(store, content):
    store.passages.mark_embedded([item.id for item in store.passages.pending([content], 99)])


def test_a_document_is_ready_when_all_its_passages_are_embedded(store):
    number, content = add(store)
    assert store.row(number).status == "queued"
    first, second = store.passages.pending([content], 99)
    assert (first.body, first.headings) == (TEXT[0:28], ("Lease",))
    store.passages.mark_embedded([first.id])
    assert store.finish(number, content) is None
    store.passages.mark_embedded([second.id])
    assert store.finish(number, content) == []
    row = store.row(number)
    assert (row.status, row.title, row.kind, row.pages, row.passages) == (
        "ready",
        "The lease",
        "pdf",
        2,
        2,
    )
    assert row.indexed_at is not None


def test_the_old_text_stays_until_the_new_is_ready(store, catalog):
    number, content = add(store)
    embed_all(store, content)
    store.finish(number, content)
    old = store.passages.existing(range(1000))
    newer = canonical(TEXT.replace("900", "950"), "New lease")
    _, second = add(store, sha256="bb", document=newer)
    assert store.row(number).status == "queued"
    assert "900" in catalog.text(number)
    assert catalog.document(number).title == "The lease"
    embed_all(store, second)
    assert set(store.finish(number, second)) == old
    assert "950" in catalog.text(number)
    assert catalog.document(number).title == "New lease"
    assert not store.passages.existing(list(old))


def test_a_failed_update_keeps_what_was_there(store, catalog):
    number, content = add(store)
    embed_all(store, content)
    store.finish(number, content)
    store.register("/papers/lease.pdf", "lease", 10, 2, None)
    store.set_file(number, "bb", 10, 2)
    assert store.row(number).status == "queued"
    store.fail(number, "password_needed")
    assert catalog.text(number) == TEXT
    assert (store.row(number).status, store.raw(number)["sha256"]) == ("failed", "aa")


def test_parts_are_added_at_the_end_and_move_nothing(store, catalog):
    first = structs.replace(canonical(), rest=Rest(2, 4, b"here"))
    number, content = add(store, document=first)
    row = store.row(number)
    assert (row.pages, row.status, row.is_partly_read) == (2, "queued", True)
    assert store.contents.rest(content) == first.rest
    embed_all(store, content)
    assert store.finish(number, content) is None
    before = (catalog.blocks(number), catalog.passages(number), catalog.lines(number, 0, 999))

    last = structs.replace(canonical(), scans=(ScannedPage(2, 0.9),), warnings=("page 4 is odd",))
    assert store.contents.add_part(content, last, PASSAGES)
    assert store.contents.rest(content) is None
    embed_all(store, content)
    assert store.finish(number, content) == []
    row = store.row(number)
    assert (row.pages, row.passages, row.status) == (4, 4, "ready")
    assert row.reason == "page 4 is odd"
    text = catalog.text(number)
    assert text == f"{TEXT}\n\n{TEXT}"
    assert catalog.text(number, 3).startswith("Lease")
    for was, now in zip(
        before,
        (catalog.blocks(number), catalog.passages(number), catalog.lines(number, 0, 999)),
        strict=True,
    ):
        assert now[: len(was)] == was
        assert [text[i.start : i.end] for i in now] == [TEXT[i.start : i.end] for i in was] * 2
        assert [i.page for i in now] == [i.page for i in was] + [i.page + 2 for i in was]
    assert catalog.blocks(number)[-1].headings == ("Lease", "Notice")
    assert [scan.page for scan in catalog.scans(number)] == [4]


def test_what_was_read_stays_when_the_rest_cannot_be(store, catalog):
    number, content = add(store, document=structs.replace(canonical(), rest=Rest(2, 4, b"")))
    store.contents.end(content, "too_slow")
    embed_all(store, content)
    assert store.finish(number, content) == []
    assert store.row(number).reason == "page 3 has no text; not read from page 3 on (too_slow)"
    assert catalog.text(number) == TEXT


def test_a_part_alone_goes_when_the_document_fails(store, catalog):
    number, content = add(store, document=structs.replace(canonical(), rest=Rest(2, 4, b"")))
    assert len(store.fail(number, "missing")) == len(PASSAGES)
    assert store.contents.add_part(content, canonical(), PASSAGES) is False
    with pytest.raises(DocumentNotFound):
        catalog.text(number)


def test_passages_and_their_words_go_with_the_document(store, db):
    number, _ = add(store)
    copy = store.register("/papers/copy.pdf", "copy", 10, 1, None)
    store.set_duplicate(copy, store.original_of(copy, "aa"))
    assert store.row(copy).reason == "duplicate of /papers/lease.pdf"
    removed, passages, _ = store.remove([number, 4711])
    assert removed == [number, copy]
    assert len(passages) == 2
    for table in ("documents", "contents", "line_boxes", "passages", "passage_words"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0
    assert not store.is_referenced("aa")


def test_the_same_content_in_another_collection_is_no_duplicate(store):
    add(store, collection="a")
    other = store.register("/papers/copy.pdf", "copy", 10, 1, "b")
    assert store.original_of(other, "aa") is None


def test_ids_are_never_used_again(store):
    number, content = add(store)
    passages = [item.id for item in store.passages.pending([content], 99)]
    store.remove([number])
    again, content = add(store)
    assert again > number
    assert min(item.id for item in store.passages.pending([content], 99)) > max(passages)


def test_giving_up_keeps_what_was_ready(store):
    ready, content = add(store)
    embed_all(store, content)
    store.finish(ready, content)
    _, second = add(store, sha256="bb", document=canonical(TEXT + "x"))
    new = store.register("/papers/other.pdf", "other", 10, 1, None)
    pending = {item.id for item in store.passages.pending([second], 99)}
    removed, passages = store.forget_queued()
    assert removed == [new]
    assert set(passages) == pending
    assert (store.row(ready).status, store.raw(ready)["sha256"]) == ("ready", "aa")


def test_the_catalog_gives_text_pages_and_places(store, catalog):
    number, content = add(store, collection="home")
    embed_all(store, content)
    store.finish(number, content)
    assert [row.id for row in catalog.documents()] == [number]
    assert catalog.documents("elsewhere") == []
    assert catalog.collections() == {"home": [number]}
    for ref in (number, str(number), "/papers/lease.pdf"):
        assert catalog.document(ref).id == number
    assert catalog.text(number, 1) + catalog.text(number, 2) == TEXT
    assert catalog.text(number, 2).startswith("Notice")
    assert [catalog.page_of(number, at) for at in (0, PAGE_TWO - 1, PAGE_TWO)] == [1, 1, 2]
    assert catalog.lines(number, 0, len(TEXT)) == list(canonical().lines)
    assert [line.page for line in catalog.lines(number, PAGE_TWO, PAGE_TWO + 3)] == [2]
    assert catalog.blocks(number) == list(canonical().blocks)
    assert catalog.warnings(number) == ["page 3 has no text"]
    assert [(row.id, len(text)) for row, text in catalog.whole([number])] == [(number, len(TEXT))]
    with pytest.raises(PageNotFound) as caught:
        catalog.text(number, 3)
    assert (caught.value.page, caught.value.pages) == (3, 2)


def test_a_document_goes_by_its_files_name_while_no_other_has_it(store, catalog):
    paths = ("/a/lease.pdf", "/a/rent.pdf", "/b/rent.pdf", "/b/all.zip/lease.pdf", "/b/7")
    ids = {path: store.register(path, "a title", 10, 1, None) for path in paths}
    for name, path in (("all.zip/lease.pdf", paths[3]), ("7", paths[4])):
        assert catalog.document(name).id == ids[path]
    for name, meant in (("rent.pdf", paths[1:3]), ("lease.pdf", (paths[0], paths[3]))):
        with pytest.raises(DocumentNotFound) as caught:
            catalog.document(name)
        assert caught.value.candidates == "\n".join(f"{ids[path]} {path}" for path in meant)
    # A copy is left out, unless it is all there is.
    store.set_duplicate(ids[paths[2]], store.raw(ids[paths[1]]))
    assert catalog.document("rent.pdf").id == ids[paths[1]]
    for unknown in ("ase.pdf", ".pdf", "b/rent.pdf", "", "%"):
        with pytest.raises(DocumentNotFound) as caught:
            catalog.document(unknown)
        assert not caught.value.candidates


def test_a_file_at_hand_is_not_taken_for_its_namesake(store, catalog, tmp_path, monkeypatch):
    number = store.register("/a/lease.pdf", "The lease", 10, 1, None)
    monkeypatch.chdir(tmp_path)
    assert catalog.document("lease.pdf").id == number
    (tmp_path / "lease.pdf").write_bytes(b"another")
    with pytest.raises(DocumentNotFound):
        catalog.document("lease.pdf")


def test_the_catalog_tells_what_a_span_is_cited_by(store, catalog):
    def ready(path, document):
        number, content = add(store, path, path, document)
        embed_all(store, content)
        store.finish(number, content)
        return number

    paged = ready("/papers/a.pdf", canonical())
    plain = structs.replace(canonical(), page_starts=(), lines=())
    sections = ready("/papers/b.docx", plain)
    lines = ready("/papers/c.py", structs.replace(plain, places=((0, Place("line")),)))

    assert catalog.place_of(paged, PAGE_TWO, PAGE_TWO + 3) is None
    assert catalog.place_of(sections, 8, 12) == Place("section", name="Lease")
    assert catalog.place_of(sections, PAGE_TWO + 8, PAGE_TWO + 12) == Place(
        "section", name="Notice"
    )
    assert catalog.place_of(sections, 0, 3) == Place("section", name="Lease")
    assert catalog.place_of(lines, 0, 3) == Place("line", 1)
    assert catalog.place_of(lines, PAGE_TWO, PAGE_TWO + 3) == Place("line", 4)


def test_the_catalog_is_empty_before_there_is_anything(tmp_path):
    catalog = Catalog(tmp_path / "none")
    assert catalog.documents() == []
    with pytest.raises(DocumentNotFound):
        catalog.document("1")
    with pytest.raises(DocumentNotFound):
        catalog.text(1)
    assert not (tmp_path / "none").exists()


def test_a_document_without_text_is_known_but_has_none(store, catalog):
    number = store.register("/papers/queued.txt", "queued", 10, 1, None)
    assert catalog.document(number).status == "queued"
    for document in (number, number + 1):
        with pytest.raises(DocumentNotFound) as caught:
            catalog.text(document)
        assert caught.value.without_text == (document == number)


@given(st.lists(st.integers(0, 500), min_size=1, unique=True).map(sorted), st.integers(0, 600))
def test_page_at_is_the_last_page_that_has_begun(starts, offset):
    page = page_at(starts, offset)
    assert page is not None
    assert page == max(1, sum(start <= offset for start in starts))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["paragraph", "heading", "table"]), st.lists(st.text(), max_size=3)
        ),
        max_size=8,
    )
)
def test_blocks_come_back_as_they_were(kinds):
    blocks = [
        Block(n, n + 1, kind, n or None, tuple(headings))
        for n, (kind, headings) in enumerate(kinds)
    ]
    places = ((0, Place("sheet", 1, "Prices", "A1:B1")), (3, Place("page", 2, file="a.pdf")))
    document = CanonicalDocument("T", "xlsx", "", tuple(blocks), (0, 5), (), ("half",), places)
    structure = unpack_structure(pack_structure(document))
    assert unpack_blocks(structure) == blocks
    assert tuple(unpack_places(structure.places)) == places
