from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.reading_all.documents import Readable
from assistant.reading_all.windows import cut, window_chars
from indexing.types import DocumentRow, Passage

lengths = st.lists(st.integers(1, 400), min_size=1, max_size=40)
headings = st.sampled_from([("A",), ("A", "B"), ("C",)])


def passages_of(of_length, under):
    passages, at = [], 0
    for length, heading in zip(of_length, under, strict=True):
        passages.append(Passage(at, at + length, None, heading, length // 4 + 1))
        at += length + 2
    return passages


@st.composite
def documents(draw):
    of_length = draw(lengths)
    under = [draw(headings) for _ in of_length]
    return passages_of(of_length, under)


@given(documents(), st.integers(50, 2000))
def test_every_passage_is_in_exactly_one_window_and_windows_keep_to_their_length(passages, most):
    windows = cut(7, passages, most)
    assert [passage for window in windows for passage in window.passages] == passages
    for window in windows:
        assert window.end - window.start <= most or len(window.passages) == 1
        if (halves := window.halves()) is not None:
            assert halves[0].passages + halves[1].passages == window.passages


@given(documents(), st.integers(50, 2000), st.data())
def test_a_page_is_read_when_everything_on_it_is(passages, most, data):
    text = "x" * (passages[-1].end + 5)
    starts = sorted({0, *data.draw(st.sets(st.integers(1, len(text) - 1), max_size=6))})
    windows = tuple(cut(7, passages, most))
    row = DocumentRow(7, "/a.pdf", "a", "pdf", len(starts), len(passages), "ready", None, 1, None,
                      None)  # fmt: skip
    document = Readable(row, text, tuple(starts), windows, ())
    read = data.draw(st.sets(st.integers(0, len(windows) - 1)))
    receipt = document.receipt(read, ())
    ends = [*starts[1:], len(text)]
    whole = 0
    for start, end in zip(starts, ends, strict=True):
        on_page = [number for number, w in enumerate(windows) if w.start < end and start < w.end]
        whole += bool(on_page) and all(number in read for number in on_page)
    assert receipt.pages == len(starts)
    assert receipt.pages_read == whole == document.measured(read)
    assert receipt.passages == len(passages)
    everything = document.receipt(range(len(windows)), ())
    assert everything.passages_read == len(passages)


def test_what_is_written_about_a_window_is_known_by_its_text_and_headings():
    passages = passages_of([40, 40], [("A",), ("A",)])
    [window] = cut(1, passages, 500)
    [elsewhere] = cut(1, passages_of([40, 40], [("B",), ("B",)]), 500)
    text = "a" * 82
    assert window.digest(text) == window.digest(text + "more after it")
    assert window.digest(text) != window.digest("b" * 82)
    assert window.digest(text) != elsewhere.digest(text)


def test_a_window_fits_the_context_and_the_patience():
    assert window_chars(8192, 150) == window_chars(32768, 150)
    assert window_chars(1536, 150) < window_chars(8192, 150)
    assert window_chars(8192, 25) < window_chars(8192, 150)
    assert window_chars(8192, 0) == window_chars(8192, 150)
    assert window_chars(512, 1) > 500
