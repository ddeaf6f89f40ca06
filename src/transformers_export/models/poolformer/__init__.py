"""PoolFormer, as transformers lays it out."""
