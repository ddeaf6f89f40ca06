"""Dinov2, as transformers lays it out."""
