"""Readers: a file in, its canonical text and structure out."""
