"""BERT, as transformers lays it out."""
