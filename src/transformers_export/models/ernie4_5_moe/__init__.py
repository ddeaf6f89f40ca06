"""Ernie4_5_Moe, as transformers lays it out."""
