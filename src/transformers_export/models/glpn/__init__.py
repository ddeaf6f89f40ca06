"""GLPN, as transformers lays it out."""
