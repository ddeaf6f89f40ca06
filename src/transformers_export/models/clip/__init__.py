"""CLIPVision, as transformers lays it out."""
