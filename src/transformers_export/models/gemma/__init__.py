"""Gemma, as transformers lays it out."""
