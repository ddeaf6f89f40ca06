"""MarkupLM, as transformers lays it out."""
