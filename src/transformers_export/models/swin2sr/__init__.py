"""Swin2SR, as transformers lays it out."""
