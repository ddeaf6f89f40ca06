"""Gte, as transformers lays it out."""
