"""OWL-ViT, as transformers lays it out."""
