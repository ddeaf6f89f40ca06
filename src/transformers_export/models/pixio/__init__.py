"""Pixio, as transformers lays it out."""
