"""Mixtral, as transformers lays it out."""
