"""BART, as transformers lays it out."""
