"""StableLm, as transformers lays it out."""
