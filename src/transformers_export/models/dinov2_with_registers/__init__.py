"""DINOv2 with registers, as transformers lays it out."""
