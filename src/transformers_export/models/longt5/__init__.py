"""LongT5, as transformers lays it out."""
