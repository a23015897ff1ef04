"""Searching documents with a GGUF embedding model, run by the models' engine.

`indexing` and `models` do not know each other; this is where they meet, in the index process.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assistant.services.gguf_loading import load_now
from indexing.embedder import Embedder
from indexing.errors import EmbedderMissing, EmbedderUnsound
from indexing.text_embedder import Recall, Remember, TextEmbedder, Vectors, identity_of
from models.embedding_prompts import prompts_of
from models.errors import InvalidModelFile
from models.gguf_header import read_header
from models.sources import SUFFIX

if TYPE_CHECKING:
    from models.engine.embedding import EmbeddingModel


class GgufEmbedder:
    """A GGUF embedding model; see `text_embedder.TextEmbedder`.

    Args:
        path: The file, or the first of several.

    Raises:
        EmbedderMissing: There is no such file.
        EmbedderUnsound: It cannot be used; the problem is that of `InvalidModelFile`.
    """

    def __init__(self, path: Path) -> None:
        try:
            header = read_header(path)
        except InvalidModelFile as error:
            if error.problem == "missing":
                raise EmbedderMissing(str(path)) from error
            raise EmbedderUnsound(str(path), error.problem) from error
        if header.kind != "embedding":
            raise EmbedderUnsound(str(path), "no_embedding")
        self._path = path
        self._prompts = prompts_of(header.title, path.name)
        self._loaded: EmbeddingModel | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def identity(self) -> str:
        """What tells its vectors from another's: its name and the digest of its weights."""
        return identity_of(self._path.name, self._path, msgspec.structs.asdict(self._prompts))

    @property
    def passage_room(self) -> int:
        """Tokens that a passage may have so that it is read whole."""
        model = self._model()
        prompt = model.count_tokens([self._prompts.passage])[0]
        return model.context_tokens - model.special_tokens - prompt

    def count_tokens(self, texts: list[str]) -> list[int]:
        """How many of its tokens each text has, special ones not counted."""
        return self._model().count_tokens(texts)

    def load(self) -> None:
        """Loads it now, unless it is loaded.

        Raises:
            LoadFailed: llama.cpp refused it, or memory did not suffice.
        """
        self._model()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, of length 1."""
        return self._model().embed(texts)

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """`encode`, with what it wants in front of a query."""
        return self.encode([self._prompts.query + text for text in queries])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """`encode`, with what it wants in front of a passage."""
        return self.encode([self._prompts.passage + text for text in texts])

    def close(self) -> None:
        """Free what loading took."""
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None

    def _model(self) -> EmbeddingModel:
        if self._loaded is None:
            # Only now: llama.cpp is loaded where such a model is used, and nowhere else.
            from models.engine.embedding import load_embedding_model

            self._loaded = load_now(load_embedding_model, self._path)
        return self._loaded


def is_gguf(path: Path) -> bool:
    """Whether an embedder is a file of the model library, and not a folder."""
    return path.suffix.lower() == SUFFIX or path.is_file()


def open_embedder(path: Path, recall: Recall, remember: Remember) -> TextEmbedder:
    """Open an embedder in either form.

    Raises:
        EmbedderMissing: There is none.
        EmbedderUnsound: It cannot be used.
    """
    return GgufEmbedder(path) if is_gguf(path) else Embedder(path, recall, remember)
