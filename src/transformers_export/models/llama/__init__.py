"""Llama, as transformers lays it out."""
