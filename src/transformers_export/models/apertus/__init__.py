"""Apertus, as transformers lays it out."""
