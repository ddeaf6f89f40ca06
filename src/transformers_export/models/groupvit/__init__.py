"""GroupViT, as transformers lays it out."""
