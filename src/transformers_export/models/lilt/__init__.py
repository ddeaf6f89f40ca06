"""Lilt, as transformers lays it out."""
