"""MegatronBert, as transformers lays it out."""
