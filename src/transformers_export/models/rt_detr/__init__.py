"""RT-DETR, as transformers lays it out."""
