"""What the app and a worker process say to each other, and how it is framed.

Each side first sends a greeting (a fixed word and the protocol's version, 12 bytes), so that
two versions that differ in everything else still recognise each other. After it come frames:
a length in 4 bytes, big end first, then one msgpack value of that length, a tagged struct of
`Request` towards the worker and of `Reply` towards the app.

Arguments, events and results travel inside a frame as raw msgpack. The worker decodes
arguments by the method's annotations, the app decodes events and results by the types that
the job was submitted with. Nothing is pickled: a worker parses strangers' files.
"""

from __future__ import annotations

import struct
import threading
from pathlib import Path, PurePath
from typing import Any, BinaryIO, TypeVar

import msgspec

from assistant.errors import FrameTooLarge, ProtocolError, ProtocolMismatch

PROTOCOL_VERSION = 2
DEFAULT_FRAME_LIMIT = 256 * 1024 * 1024

_M = TypeVar("_M")

_GREETING = struct.Struct(">8sI")
_WORD = b"studiolo"
_LENGTH = struct.Struct(">I")


class Start(msgspec.Struct, frozen=True, tag=True):
    """First request: make the object that the worker serves.

    Attributes:
        factory: "package.module:function"; called once, with `arguments` by name.
        frame_limit: Largest frame in bytes, in both directions.
        memory_bytes: Address space the process may have; None for no limit (POSIX only).
        low_priority: Run below everything else on the machine.
        background_paused: Whether background jobs wait from the start.
    """

    name: str
    factory: str
    arguments: dict[str, msgspec.Raw]
    frame_limit: int
    memory_bytes: int | None
    low_priority: bool
    background_paused: bool


class Submit(msgspec.Struct, frozen=True, tag=True):
    """Call a method of the object.

    Attributes:
        background: Serve it only while nothing else waits.
        in_order: Let a plain method wait for the generators that came before it.
        credit: Events it may send before it waits for `Credit`; None for any number.
    """

    job: int
    method: str
    arguments: tuple[msgspec.Raw, ...]
    background: bool = False
    in_order: bool = False
    credit: int | None = None


class Credit(msgspec.Struct, frozen=True, tag=True):
    """The consumer has taken `events` events of the job and wants as many more."""

    job: int
    events: int


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """End the job at its next step."""

    job: int


class SetBackground(msgspec.Struct, frozen=True, tag=True):
    """Hold back, or go on with, background jobs."""

    paused: bool


class Shutdown(msgspec.Struct, frozen=True, tag=True):
    """Close every job and the object, and exit."""


Request = Start | Submit | Credit | Cancel | SetBackground | Shutdown


class Failure(msgspec.Struct, frozen=True):
    """An exception, taken apart.

    Attributes:
        module: Module of its class.
        kind: Name of its class.
        facts: Its arguments by name; None where it cannot be put together again.
        detail: Its text, never to be logged.
    """

    module: str
    kind: str
    facts: dict[str, Any] | None
    detail: str


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The object is made; jobs may come."""


class StartFailed(msgspec.Struct, frozen=True, tag=True):
    """The object could not be made; the process exits."""

    failure: Failure


class Began(msgspec.Struct, frozen=True, tag=True):
    """The job's method is about to be called: from here on it may have had effects."""

    job: int


class Event(msgspec.Struct, frozen=True, tag=True):
    """What the job's generator yielded."""

    job: int
    data: msgspec.Raw


class Finished(msgspec.Struct, frozen=True, tag=True):
    """What the job's method returned. Exactly one of this and the next two ends a job."""

    job: int
    data: msgspec.Raw


class Failed(msgspec.Struct, frozen=True, tag=True):
    """What the job's method raised."""

    job: int
    failure: Failure


class Cancelled(msgspec.Struct, frozen=True, tag=True):
    """The job was closed as asked."""

    job: int


class Denied(msgspec.Struct, frozen=True, tag=True):
    """Something in the worker tried to reach `host` and was stopped."""

    host: str


class Granted(msgspec.Struct, frozen=True, tag=True):
    """Something in the worker reached out to `host` for a download that a person asked for."""

    host: str


Reply = Ready | StartFailed | Began | Event | Finished | Failed | Cancelled | Denied | Granted


def _encode_other(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__qualname__} does not travel")


def _decode_other(wanted: type[Any], value: object) -> object:
    if issubclass(wanted, PurePath) and isinstance(value, str):
        return Path(value)
    raise TypeError(f"{wanted!r} does not travel")


# msgspec is not safe where several threads use a type for the first time.
_making = threading.Lock()
_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_other)
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def pack(value: object) -> msgspec.Raw:
    """Encode an argument, event or result.

    Raises:
        TypeError, ValueError: The value, or something in it, does not travel.
    """
    try:
        return msgspec.Raw(_encoder.encode(value))
    except OverflowError as error:
        raise ValueError(str(error)) from None


def decoder(wanted: Any) -> msgspec.msgpack.Decoder[Any]:
    """Make the decoder of an argument, event or result of the type `wanted`."""
    with _making:
        return msgspec.msgpack.Decoder(wanted, dec_hook=_decode_other)


def convert(value: object, wanted: Any) -> Any:
    """Give a value that came as plain data the type `wanted`.

    Raises:
        ValueError: It does not fit.
    """
    with _making:
        return msgspec.convert(value, wanted, dec_hook=_decode_other)


def encode(message: Request | Reply, limit: int) -> bytes:
    """Encode a message as a whole frame.

    Raises:
        FrameTooLarge: It is larger than `limit` bytes; nothing of it may be sent.
    """
    body = _encoder.encode(message)
    if len(body) > limit:
        raise FrameTooLarge(len(body), limit)
    return _LENGTH.pack(len(body)) + body


def greeting(version: int = PROTOCOL_VERSION) -> bytes:
    """The first bytes that a side sends."""
    return _GREETING.pack(_WORD, version)


def check_greeting(stream: BinaryIO) -> None:
    """Read the other side's greeting.

    Raises:
        EOFError: The other side is gone.
        ProtocolError: It is none of ours; `ProtocolMismatch` where it is of another version.
    """
    word, version = _GREETING.unpack(_exactly(stream, _GREETING.size))
    if word != _WORD:
        raise ProtocolError("the other side did not greet")
    if version != PROTOCOL_VERSION:
        raise ProtocolMismatch(PROTOCOL_VERSION, version)


def read_request(stream: BinaryIO, limit: int) -> Request:
    """Read the next request; raises as `read_reply` does."""
    return _decoded(_requests, _frame(stream, limit))


def read_reply(stream: BinaryIO, limit: int) -> Reply:
    """Read the next reply.

    Raises:
        EOFError: The other side is gone, in the midst of a frame perhaps.
        ProtocolError: What came is no message.
    """
    return _decoded(_replies, _frame(stream, limit))


def _decoded(messages: msgspec.msgpack.Decoder[_M], body: bytes) -> _M:
    try:
        return messages.decode(body)
    except msgspec.MsgspecError as error:
        raise ProtocolError(str(error)) from error


def _frame(stream: BinaryIO, limit: int) -> bytes:
    (size,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if size > limit:
        raise FrameTooLarge(size, limit)
    return _exactly(stream, size)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
