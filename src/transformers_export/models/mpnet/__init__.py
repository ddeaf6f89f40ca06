"""MPNet, as transformers lays it out."""
