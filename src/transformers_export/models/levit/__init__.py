"""Levit, as transformers lays it out."""
