"""Youtu, as transformers lays it out."""
