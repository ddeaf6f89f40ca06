"""CodeGen, as transformers lays it out."""
