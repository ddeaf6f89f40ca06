"""ModernBertDecoder, as transformers lays it out."""
