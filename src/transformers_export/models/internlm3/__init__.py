"""InternLM3, as transformers lays it out."""
