"""Phimoe, as transformers lays it out."""
