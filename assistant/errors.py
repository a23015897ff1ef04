"""Everything that can go wrong in the assistant, as one tree.

    AssistantError
    ├── WorkerError(worker)
    │   ├── WorkerDied(worker, exit_code)
    │   ├── WorkerGaveUp(worker, deaths, log_file, detail)
    │   ├── WorkerJobFailed(worker, method, kind, detail)
    │   └── WorkerClosed(worker)
    ├── ProtocolError(detail)
    │   ├── ProtocolMismatch(expected, found)
    │   └── FrameTooLarge(size, limit)
    ├── JobCancelled(method)
    ├── NotFound(id)
    │   ├── ConversationNotFound(id)
    │   └── MessageNotFound(id)
    ├── PersonaNotFound(name)
    ├── EmbedderNotFound(name, folder)
    ├── RerankerNotFound(name, folder)
    ├── NoModelInstalled(folder)
    ├── NoRoomForState(needed_bytes, quota_bytes, free_bytes)
    ├── NotOneDocument(path, member)
    └── NetworkDenied(host)                  also a PermissionError

An error carries facts as attributes of the same names as its arguments, never a sentence:
whoever shows it to a person words it. That naming is also what lets an error raised in a
worker process be taken apart there and put together again here (`workers.failures`).
"""

from __future__ import annotations


class AssistantError(Exception):
    """Root of every error that the assistant raises on purpose."""


class WorkerError(AssistantError):
    """A worker process could not do what it was asked."""

    def __init__(self, worker: str, *facts: object) -> None:
        super().__init__(worker, *facts)
        self.worker = worker


class WorkerDied(WorkerError):
    """The worker's process ended while the job was running in it.

    Attributes:
        exit_code: What the process ended with; the negative signal number on POSIX,
            None where it could not be learned.
    """

    def __init__(self, worker: str, exit_code: int | None) -> None:
        super().__init__(worker, exit_code)
        self.exit_code = exit_code


class WorkerGaveUp(WorkerError):
    """The worker's process died so often that it is no longer restarted.

    Attributes:
        deaths: How often it died in a row without finishing a job.
        log_file: Where its output stands.
        detail: What its start failed with, where that is known; for "copy details".
    """

    def __init__(self, worker: str, deaths: int, log_file: str, detail: str = "") -> None:
        super().__init__(worker, deaths, log_file, detail)
        self.deaths = deaths
        self.log_file = log_file
        self.detail = detail


class WorkerJobFailed(WorkerError):
    """A job ended in an exception that is none of the packages' own errors.

    Attributes:
        method: What was called.
        kind: The exception's class, with its module.
        detail: Its text. It may quote a document, so it is shown on demand and never logged.
    """

    def __init__(self, worker: str, method: str, kind: str, detail: str) -> None:
        super().__init__(worker, method, kind, detail)
        self.method = method
        self.kind = kind
        self.detail = detail


class WorkerClosed(WorkerError):
    """The worker was closed before or while the job was waiting."""


class ProtocolError(AssistantError):
    """The two ends of a worker's channel do not understand each other."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ProtocolMismatch(ProtocolError):
    """The worker speaks another version: the program was updated while it was running."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"protocol version {found}, expected {expected}")
        self.expected = expected
        self.found = found


class FrameTooLarge(ProtocolError):
    """A message is larger than the channel allows; sizes in bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"frame of {size} bytes, limit {limit}")
        self.size = size
        self.limit = limit


class JobCancelled(AssistantError):
    """The job's result was asked for, but the job was cancelled."""

    def __init__(self, method: str) -> None:
        super().__init__(method)
        self.method = method


class NotFound(AssistantError):
    """Something was named by an identifier that nothing has."""

    def __init__(self, id: int) -> None:  # noqa: A002 - the fact is called so
        super().__init__(id)
        self.id = id


class ConversationNotFound(NotFound):
    """There is no such conversation, or it was deleted for good."""


class MessageNotFound(NotFound):
    """There is no such message, or its conversation was deleted for good."""


class PersonaNotFound(AssistantError):
    """There is no persona of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class EmbedderNotFound(AssistantError):
    """There is no embedder of this name that could be used.

    Attributes:
        folder: Where they lie.
    """

    def __init__(self, name: str, folder: str) -> None:
        super().__init__(name, folder)
        self.name = name
        self.folder = folder


class RerankerNotFound(AssistantError):
    """There is no cross-encoder of this name.

    Attributes:
        folder: Where those lie that are folders.
    """

    def __init__(self, name: str, folder: str) -> None:
        super().__init__(name, folder)
        self.name = name
        self.folder = folder


class NoModelInstalled(AssistantError):
    """An answer needs a model, and the library has none.

    Attributes:
        folder: The library's folder.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder


class NoRoomForState(AssistantError):
    """What a model has read cannot be kept on disk.

    Attributes:
        needed_bytes: What it takes.
        quota_bytes: What all that was read may take together.
        free_bytes: What is free on the disk.
    """

    def __init__(self, needed_bytes: int, quota_bytes: int, free_bytes: int) -> None:
        super().__init__(needed_bytes, quota_bytes, free_bytes)
        self.needed_bytes = needed_bytes
        self.quota_bytes = quota_bytes
        self.free_bytes = free_bytes


class NotOneDocument(AssistantError):
    """What was to be studied has no text of its own: documents are in it, and are studied.

    Attributes:
        path: The archive.
        member: The path of one of the documents in it.
    """

    def __init__(self, path: str, member: str) -> None:
        super().__init__(path, member)
        self.path = path
        self.member = member


class NetworkDenied(AssistantError, PermissionError):
    """Something tried to reach the network while nobody had asked for it.

    It is an `OSError` too, so that libraries take it for an ordinary missing network.

    Attributes:
        host: Whom it tried to reach, without port or path.
    """

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host
