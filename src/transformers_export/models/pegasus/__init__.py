"""Pegasus, as transformers lays it out."""
