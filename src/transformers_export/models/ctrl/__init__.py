"""CTRL, as transformers lays it out."""
