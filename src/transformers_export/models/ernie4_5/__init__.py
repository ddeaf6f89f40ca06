"""Ernie4_5, as transformers lays it out."""
