"""Cohere, as transformers lays it out."""
