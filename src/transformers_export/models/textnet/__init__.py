"""TextNet, as transformers lays it out."""
