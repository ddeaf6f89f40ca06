"""RT-DETRv2, as transformers lays it out."""
