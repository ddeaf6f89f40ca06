"""Ernie, as transformers lays it out."""
