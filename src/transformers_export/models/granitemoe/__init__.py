"""GraniteMoe, as transformers lays it out."""
