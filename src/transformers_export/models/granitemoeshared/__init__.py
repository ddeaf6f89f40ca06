"""GraniteMoeShared, as transformers lays it out."""
