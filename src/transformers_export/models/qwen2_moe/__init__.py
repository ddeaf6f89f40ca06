"""Qwen2Moe, as transformers lays it out."""
