"""ViT, as transformers lays it out."""
