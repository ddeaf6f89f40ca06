"""DINOv3ViT, as transformers lays it out."""
