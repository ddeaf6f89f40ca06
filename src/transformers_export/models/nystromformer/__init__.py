"""Nystromformer, as transformers lays it out."""
