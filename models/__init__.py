"""Local models: the library of GGUF files, what is known of them, and the llama.cpp engine."""
