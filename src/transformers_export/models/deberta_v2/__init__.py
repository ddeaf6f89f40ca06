"""DeBERTa-v2, as transformers lays it out."""
