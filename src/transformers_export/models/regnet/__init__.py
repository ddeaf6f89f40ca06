"""RegNet, as transformers lays it out."""
