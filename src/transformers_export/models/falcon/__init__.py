"""Falcon, as transformers lays it out."""
