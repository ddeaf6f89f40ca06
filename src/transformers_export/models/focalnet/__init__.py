"""FocalNet, as transformers lays it out."""
