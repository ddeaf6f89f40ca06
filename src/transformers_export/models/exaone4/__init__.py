"""Exaone4, as transformers lays it out."""
