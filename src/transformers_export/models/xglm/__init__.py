"""XGLM, as transformers lays it out."""
