"""Glm4Moe, as transformers lays it out."""
