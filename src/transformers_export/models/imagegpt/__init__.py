"""ImageGPT, as transformers lays it out."""
