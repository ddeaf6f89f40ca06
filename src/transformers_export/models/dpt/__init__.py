"""DPT, as transformers lays it out."""
