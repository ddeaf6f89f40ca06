"""Nemotron, as transformers lays it out."""
