"""Yolos, as transformers lays it out."""
