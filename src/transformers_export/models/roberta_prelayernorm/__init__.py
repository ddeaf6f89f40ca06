"""RobertaPreLayerNorm, as transformers lays it out."""
