"""Luke, as transformers lays it out."""
