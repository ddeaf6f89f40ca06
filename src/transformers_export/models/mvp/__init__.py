"""Mvp, as transformers lays it out."""
