"""Gemma3Text, as transformers lays it out."""
