"""EfficientNet, as transformers lays it out."""
