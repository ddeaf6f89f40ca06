"""ModernBert, as transformers lays it out."""
