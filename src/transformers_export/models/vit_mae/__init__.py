"""ViTMAE, as transformers lays it out."""
