"""ChineseCLIPVision, as transformers lays it out."""
