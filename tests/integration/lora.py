"""Small LoRA adapters, written as their makers write them."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

RANK = 4


def write_adapter(
    path: Path,
    *,
    seed: int = 0,
    architecture: str = "llama",
    width: int = 576,
    layers: int = 8,
) -> Path:
    """Write an adapter that turns what the first layers look for.

    Args:
        path: Where.
        seed: Another one changes the model in another way.
        architecture: The family of models it is for.
        width: Of the model's embedding; SmolLM's is 576.
        layers: How many it changes.
    """
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(RANK))
    for layer in range(layers):
        name = f"blk.{layer}.attn_q.weight"
        down = rng.normal(0, 0.5, (RANK, width)).astype(np.float32)
        up = rng.normal(0, 0.5, (width, RANK)).astype(np.float32)
        writer.add_tensor(f"{name}.lora_a", down)
        writer.add_tensor(f"{name}.lora_b", up)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
