"""GPTNeoX, as transformers lays it out."""
