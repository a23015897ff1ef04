"""Answers as readable text: Markdown, code, citations and what is not supported."""
