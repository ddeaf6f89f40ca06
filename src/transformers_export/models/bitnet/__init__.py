"""BitNet, as transformers lays it out."""
