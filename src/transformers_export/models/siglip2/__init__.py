"""SigLIP 2, as transformers lays it out."""
