"""AST, as transformers lays it out."""
