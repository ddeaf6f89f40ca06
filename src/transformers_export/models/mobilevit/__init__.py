"""MobileViT, as transformers lays it out."""
