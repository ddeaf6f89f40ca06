"""wav2vec 2.0, as transformers lays it out."""
