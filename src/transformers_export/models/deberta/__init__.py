"""DeBERTa, as transformers lays it out."""
