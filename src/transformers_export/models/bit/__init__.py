"""BiT, as transformers lays it out."""
