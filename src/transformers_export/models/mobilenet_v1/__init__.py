"""MobileNetV1, as transformers lays it out."""
