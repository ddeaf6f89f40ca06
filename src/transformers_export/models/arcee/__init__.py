"""Arcee, as transformers lays it out."""
