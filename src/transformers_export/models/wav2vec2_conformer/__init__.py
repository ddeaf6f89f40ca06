"""wav2vec 2.0 Conformer, as transformers lays it out."""
