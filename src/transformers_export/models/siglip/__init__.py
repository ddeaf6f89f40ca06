"""SiglipVision, as transformers lays it out."""
