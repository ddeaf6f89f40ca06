"""Olmoe, as transformers lays it out."""
