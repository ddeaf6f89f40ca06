"""ESM, as transformers lays it out."""
