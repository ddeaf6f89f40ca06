"""Helium, as transformers lays it out."""
