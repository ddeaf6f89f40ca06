"""EuroBert, as transformers lays it out."""
