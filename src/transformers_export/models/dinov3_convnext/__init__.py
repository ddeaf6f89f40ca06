"""DINOv3ConvNext, as transformers lays it out."""
