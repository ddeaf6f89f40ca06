"""Cvt, as transformers lays it out."""
