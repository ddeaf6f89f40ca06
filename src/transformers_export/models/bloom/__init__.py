"""Bloom, as transformers lays it out."""
