"""ViTMSN, as transformers lays it out."""
