"""Pvt, as transformers lays it out."""
