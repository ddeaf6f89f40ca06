"""Splinter, as transformers lays it out."""
