"""What is wrong with how a command was given."""

from __future__ import annotations


class UsageError(Exception):
    """The command makes no sense; its text says why, to the person who typed it."""
