"""DeepSeek-V3, as transformers lays it out."""
