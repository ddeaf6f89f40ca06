"""Persimmon, as transformers lays it out."""
