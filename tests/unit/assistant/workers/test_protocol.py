"""Frames and greetings, whole, cut and foreign."""

from __future__ import annotations

import contextlib
import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import FrameTooLarge, ProtocolError, ProtocolMismatch
from assistant.workers import protocol

LIMIT = 1_000_000
INTEGERS = st.integers(-(2**63), 2**64 - 1)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**40),
            st.text(st.characters(codec="utf-8"), max_size=20),
            st.lists(st.binary() | st.text(st.characters(codec="utf-8")) | INTEGERS, max_size=3),
            st.booleans(),
        ),
        max_size=5,
    )
)
def test_requests_come_back_as_they_were(calls):
    sent = [
        protocol.Submit(job, method, tuple(map(protocol.pack, values)), background=flag)
        for job, method, values, flag in calls
    ]
    stream = io.BytesIO(b"".join(protocol.encode(each, LIMIT) for each in sent))
    for job, method, values, flag in calls:
        request = protocol.read_request(stream, LIMIT)
        assert isinstance(request, protocol.Submit)
        assert (request.job, request.method, request.background) == (job, method, flag)
        decoded = [
            protocol.decoder(type(v)).decode(raw)
            for v, raw in zip(values, request.arguments, strict=True)
        ]
        assert decoded == values
    with pytest.raises(EOFError):
        protocol.read_request(stream, LIMIT)


@given(st.data())
def test_a_cut_frame_is_an_end_and_not_a_message(data):
    frame = protocol.encode(protocol.Event(1, protocol.pack("text")), LIMIT)
    cut = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(EOFError):
        protocol.read_reply(io.BytesIO(frame[:cut]), LIMIT)


@given(st.binary(max_size=200))
def test_whatever_else_comes_is_refused(body):
    stream = io.BytesIO(struct.pack(">I", len(body)) + body)
    with contextlib.suppress(ProtocolError):
        protocol.read_reply(stream, LIMIT)


def test_sizes_are_bounded_in_both_directions():
    with pytest.raises(FrameTooLarge) as caught:
        protocol.encode(protocol.Denied("x" * 200), 100)
    assert caught.value.limit == 100
    assert caught.value.size > 200
    # The length alone is enough to refuse it: nothing is allocated.
    with pytest.raises(FrameTooLarge):
        protocol.read_reply(io.BytesIO(struct.pack(">I", 2**32 - 1)), LIMIT)


def test_greetings():
    protocol.check_greeting(io.BytesIO(protocol.greeting()))
    with pytest.raises(ProtocolMismatch) as caught:
        protocol.check_greeting(io.BytesIO(protocol.greeting(999)))
    assert caught.value.found == 999
    with pytest.raises(ProtocolError):
        protocol.check_greeting(io.BytesIO(b"Traceback (most recent call last)"))
    with pytest.raises(EOFError):
        protocol.check_greeting(io.BytesIO(b"stud"))


def test_paths_travel_and_objects_do_not():
    raw = protocol.pack({"path": Path("a") / "b"})
    assert protocol.decoder(dict[str, Path]).decode(raw) == {"path": Path("a") / "b"}
    with pytest.raises(TypeError):
        protocol.pack(object())
    for value in (2**64, "\udcff"):
        with pytest.raises(ValueError):  # noqa: PT011
            protocol.pack(value)
    with pytest.raises(ValueError):  # noqa: PT011
        protocol.convert([1], Path)
