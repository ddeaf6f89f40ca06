"""Aimv2Vision, as transformers lays it out."""
