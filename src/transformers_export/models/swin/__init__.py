"""Swin, as transformers lays it out."""
