"""Glm4, as transformers lays it out."""
