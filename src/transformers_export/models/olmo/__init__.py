"""Olmo, as transformers lays it out."""
