"""RemBert, as transformers lays it out."""
