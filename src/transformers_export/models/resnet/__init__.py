"""ResNet, as transformers lays it out."""
