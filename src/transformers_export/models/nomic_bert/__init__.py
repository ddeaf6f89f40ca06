"""NomicBert, as transformers lays it out."""
