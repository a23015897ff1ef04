"""What can go wrong with models, as kinds with facts; sentences are the window's work.

ModelsError
├── ModelNotFound            no such file in the library
├── InvalidModelFile         not a GGUF file that can be used, and how
├── ImportFailed             a file could not be copied into the library
├── LoadFailed               llama.cpp refused a file whose header is sound
├── NoModelLoaded            asked to work without a model
├── ContextOverflow          the prompt leaves no room for an answer
├── TemplateFailed           the model's chat template cannot be used
└── DecodeFailed             llama.cpp could not compute a batch
"""

from __future__ import annotations


class ModelsError(Exception):
    """Base of everything this package raises on purpose."""


class ModelNotFound(ModelsError):
    """The library has no model of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class InvalidModelFile(ModelsError):
    """A file cannot be used as a model.

    Attributes:
        path: The file.
        problem: One of "missing", "unreadable", "empty", "not_gguf", "truncated",
            "absurd_header", "unsupported_version", "not_a_language_model", "split".
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem


class ImportFailed(ModelsError):
    """A model file could not be brought into the library.

    Attributes:
        path: The file.
        problem: One of "disk_full", "unreadable", "not_writable".
        needed_bytes: Room the copy needs.
        free_bytes: Room there is, where the problem is about room.
    """

    def __init__(self, path: str, problem: str, needed_bytes: int = 0, free_bytes: int = 0) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


class LoadFailed(ModelsError):
    """llama.cpp could not load a file; `detail` is its own complaint."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(path, detail)
        self.path = path
        self.detail = detail


class NoModelLoaded(ModelsError):
    """The engine holds no model."""


class ContextOverflow(ModelsError):
    """The prompt does not fit the context window with room for an answer."""

    def __init__(self, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__(prompt_tokens, context_tokens)
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens


class TemplateFailed(ModelsError):
    """The model's chat template cannot lay out this conversation."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class DecodeFailed(ModelsError):
    """llama.cpp returned `code` for a batch; what was cached is dropped."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
