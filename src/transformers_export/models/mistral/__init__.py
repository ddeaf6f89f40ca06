"""Mistral, as transformers lays it out."""
