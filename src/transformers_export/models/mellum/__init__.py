"""Mellum, as transformers lays it out."""
