"""BioGpt, as transformers lays it out."""
