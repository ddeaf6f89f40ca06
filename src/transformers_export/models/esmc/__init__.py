"""Esmc, as transformers lays it out."""
