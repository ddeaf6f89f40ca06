"""Swin Transformer V2, as transformers lays it out."""
