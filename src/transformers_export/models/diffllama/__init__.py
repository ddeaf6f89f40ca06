"""DiffLlama, as transformers lays it out."""
