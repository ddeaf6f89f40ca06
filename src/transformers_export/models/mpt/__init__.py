"""Mpt, as transformers lays it out."""
