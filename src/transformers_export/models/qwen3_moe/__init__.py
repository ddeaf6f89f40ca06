"""Qwen3Moe, as transformers lays it out."""
