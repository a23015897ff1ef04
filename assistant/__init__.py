"""The headless assistant: conversations, proven answers, workers, settings, command line."""
