"""MLCDVision, as transformers lays it out."""
