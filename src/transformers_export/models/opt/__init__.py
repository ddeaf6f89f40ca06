"""OPT, as transformers lays it out."""
