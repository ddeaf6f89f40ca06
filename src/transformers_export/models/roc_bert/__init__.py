"""RoCBert, as transformers lays it out."""
