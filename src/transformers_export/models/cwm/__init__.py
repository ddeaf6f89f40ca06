"""Cwm, as transformers lays it out."""
