"""Hiera, as transformers lays it out."""
