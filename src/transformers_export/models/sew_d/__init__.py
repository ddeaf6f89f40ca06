"""SEW-D, as transformers lays it out."""
