"""Glm, as transformers lays it out."""
