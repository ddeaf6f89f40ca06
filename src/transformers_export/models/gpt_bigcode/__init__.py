"""GPTBigCode, as transformers lays it out."""
