"""BERT models as GGUF files, converted as llama.cpp's own converter does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import gguf
import numpy as np
from safetensors.numpy import load_file

_BLOCK = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_AROUND = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
# Of a cross-encoder, around the same.
_HEAD = {
    "pooler.dense.weight": "cls.weight",
    "pooler.dense.bias": "cls.bias",
    "classifier.weight": "cls.output.weight",
    "classifier.bias": "cls.output.bias",
}


def write_embedder(folder: Path, path: Path) -> Path:
    """Write all-MiniLM-L6-v2 to a GGUF file, its matrices in half precision."""
    return _write(folder, folder / "vocab.txt", path, gguf.PoolingType.MEAN)


def write_reranker(folder: Path, vocabulary: Path, path: Path) -> Path:
    """Write a cross-encoder to a GGUF file.

    llama.cpp tells the query from the passage by the token between them alone, so the model must
    not tell them by types of tokens either.
    """
    return _write(folder, vocabulary, path, gguf.PoolingType.RANK, _HEAD)


def _write(
    folder: Path,
    vocabulary: Path,
    path: Path,
    pooling: gguf.PoolingType,
    head: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name(folder.name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(pooling)
    _add_vocabulary(writer, vocabulary.read_text("utf-8").rstrip("\n").split("\n"))
    for full_name, tensor in load_file(folder / "model.safetensors").items():
        name = full_name.removeprefix("bert.")
        new = _AROUND.get(name) or head.get(name) or _in_block(name)
        if new is not None:
            # llama.cpp wants all but what it multiplies in full precision.
            half = tensor.ndim > 1 and new.startswith(("token_embd.", "blk."))
            writer.add_tensor(new, tensor.astype(np.float16 if half else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _in_block(name: str) -> str | None:
    parts = name.split(".")
    if parts[:2] != ["encoder", "layer"]:
        return None
    return f"blk.{parts[2]}.{_BLOCK['.'.join(parts[3:-1])]}.{parts[-1]}"


def _add_vocabulary(writer: gguf.GGUFWriter, words: list[str]) -> None:
    control = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    kinds = [gguf.TokenType.CONTROL if word in control else gguf.TokenType.NORMAL for word in words]
    # llama.cpp marks what begins a word, BERT what goes on with one.
    tokens = [
        word if word in control else word[2:] if word.startswith("##") else f"\u2581{word}"
        for word in words
    ]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_type_count(2)
    writer.add_unk_token_id(words.index("[UNK]"))
    writer.add_sep_token_id(words.index("[SEP]"))
    writer.add_pad_token_id(words.index("[PAD]"))
