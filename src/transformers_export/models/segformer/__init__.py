"""Segformer, as transformers lays it out."""
