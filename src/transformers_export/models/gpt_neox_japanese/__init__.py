"""GPTNeoXJapanese, as transformers lays it out."""
