"""D-FINE, as transformers lays it out."""
