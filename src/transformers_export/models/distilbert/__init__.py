"""DistilBERT, as transformers lays it out."""
