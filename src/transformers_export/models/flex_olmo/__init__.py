"""FlexOlmo, as transformers lays it out."""
