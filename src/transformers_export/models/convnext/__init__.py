"""ConvNext, as transformers lays it out."""
