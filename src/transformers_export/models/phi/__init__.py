"""Phi, as transformers lays it out."""
