"""The headless assistant: conversations, answering with proof, workers, settings, the command line."""
