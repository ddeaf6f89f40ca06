"""Yoso, as transformers lays it out."""
