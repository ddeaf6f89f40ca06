"""Granite, as transformers lays it out."""
