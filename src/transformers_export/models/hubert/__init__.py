"""HuBERT, as transformers lays it out."""
