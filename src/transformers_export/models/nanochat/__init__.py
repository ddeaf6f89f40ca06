"""NanoChat, as transformers lays it out."""
