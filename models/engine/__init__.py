"""The engine: one loaded model, its chat template, its KV cache and its generations."""
