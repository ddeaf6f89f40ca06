"""OpenAI GPT, as transformers lays it out."""
