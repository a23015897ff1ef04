"""Documents: readers, canonical text, passages, embeddings, the stores and retrieval."""
