"""Table Transformer, as transformers lays it out."""
