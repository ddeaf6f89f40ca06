"""SEW, as transformers lays it out."""
