"""IJepa, as transformers lays it out."""
