"""Conversations: a tree of messages in SQLite, saved as they stream."""
