"""Longformer, as transformers lays it out."""
