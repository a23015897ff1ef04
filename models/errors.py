"""What can go wrong with models, as kinds with facts; sentences are the window's work.

ModelsError
├── ModelNotFound            no such file in the library, or no such model in the catalogue
├── InvalidModelFile         not a GGUF file that can be used, and how
├── ModelNeeded              a model cannot be removed: documents are searched with it
├── ImportFailed             a file could not be copied into the library
├── FolderNotUsable          a folder cannot be added to the library
├── DownloadFailed           a model could not be fetched from the hub
├── ModelTooLarge            the memory that is free will not hold a model
├── LoadFailed               llama.cpp refused a file whose header is sound
├── AdapterUnfit             a LoRA adapter cannot be used with a model, and why
├── NoModelLoaded            asked to work without a model
├── ContextOverflow          the prompt leaves no room for an answer
├── TemplateFailed           the model's chat template cannot be used
├── GrammarFailed            the grammar or JSON schema for an output cannot be used
└── DecodeFailed             llama.cpp could not compute a batch
"""

from __future__ import annotations


class ModelsError(Exception):
    """Base of everything this package raises on purpose."""


class ModelNotFound(ModelsError):
    """The library has no model of that name.

    Attributes:
        name: As it was asked for.
        catalogue: Whether it was looked for in the catalogue instead.
    """

    def __init__(self, name: str, catalogue: bool = False) -> None:
        super().__init__(name, catalogue)
        self.name = name
        self.catalogue = catalogue


class InvalidModelFile(ModelsError):
    """A file cannot be used as a model.

    Attributes:
        path: The file.
        problem: One of "missing", "unreadable", "empty", "not_gguf", "truncated",
            "absurd_header", "unsupported_version", "missing_part"; or, of a sound file that
            cannot chat, "embedding", "reranker", "projector", "adapter",
            "not_a_language_model"; or "no_embedding" or "no_reranker" where one is wanted.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem


class ModelNeeded(ModelsError):
    """A model stays in the library, as something else depends on it.

    Attributes:
        name: What it is called.
        purpose: "embedder" where documents are searched with it, or will be; "reranker" where it
            judges what a search finds.
        folder: The folder it is in, where that was to be listed no longer; else "".
    """

    def __init__(self, name: str, purpose: str, folder: str = "") -> None:
        super().__init__(name, purpose, folder)
        self.name = name
        self.purpose = purpose
        self.folder = folder


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


class FolderNotUsable(ModelsError):
    """A folder cannot be added to the library, or taken out of it.

    Attributes:
        path: The folder.
        problem: One of "missing", "unreadable", "library" (it is the library's own), "not_added".
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem


class DownloadFailed(ModelsError):
    """A model could not be fetched from the hub; what has arrived is kept unless told otherwise.

    Attributes:
        repository: As the hub names it, "owner/name"; empty for a search.
        file: The file's name in it; empty where it is not about one.
        problem: One of
            "offline": the hub cannot be reached;
            "connection_lost": it broke off time and again;
            "server": the hub answered with an error of its own;
            "gated": its makers let nobody have it who has not agreed to their terms;
            "token_rejected": the hub does not know the access token;
            "repository_not_found": there is no such repository, or it is private;
            "file_not_found": the repository has no such file, or no longer;
            "rate_limited": the hub wants to be asked less often;
            "no_checksum": the hub does not say what the file's SHA-256 is;
            "wrong_checksum": what arrived is not what the hub announced; it was deleted;
            "not_a_model": what arrived cannot be used as a model; it was deleted;
            "disk_full", "not_writable": the library's disk;
            "busy": another process is fetching it.
        needed_bytes: Room the rest of it needs, where the problem is about room.
        free_bytes: Room there is.
        retry_after_s: Seconds after which the hub may be asked again, where it says so.
    """

    def __init__(
        self,
        repository: str,
        file: str,
        problem: str,
        needed_bytes: int = 0,
        free_bytes: int = 0,
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(repository, file, problem)
        self.repository = repository
        self.file = file
        self.problem = problem
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes
        self.retry_after_s = retry_after_s


class ModelTooLarge(ModelsError):
    """The memory that is free will not hold a model, and it was not tried.

    Attributes:
        name: What it is called.
        needed_bytes: What it needs.
        free_bytes: What is free.
        on_card: Whether that is the memory of graphics cards.
    """

    def __init__(
        self, name: str, needed_bytes: int, free_bytes: int, on_card: bool = False
    ) -> None:
        super().__init__(name, needed_bytes, free_bytes, on_card)
        self.name = name
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes
        self.on_card = on_card


class LoadFailed(ModelsError):
    """llama.cpp could not load a file; `detail` is its own complaint."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(path, detail)
        self.path = path
        self.detail = detail


class AdapterUnfit(ModelsError):
    """A LoRA adapter cannot be used with a model.

    Attributes:
        path: The adapter's file.
        problem: "no_adapter"; "other_family" where it is for models of another one; "refused" by
            llama.cpp, mostly as it is for a model of another size; or a word of
            `InvalidModelFile.problem`.
        architecture: The family it is for, where that is the problem.
        wanted: The model's.
        detail: llama.cpp's own complaint.
    """

    def __init__(
        self, path: str, problem: str, architecture: str = "", wanted: str = "", detail: str = ""
    ) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem
        self.architecture = architecture
        self.wanted = wanted
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


class GrammarFailed(ModelsError):
    """A grammar or a JSON schema cannot be used; `detail` says why, where that is known."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class DecodeFailed(ModelsError):
    """llama.cpp returned `code` for a batch; what was cached is dropped."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
