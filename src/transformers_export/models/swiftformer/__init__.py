"""SwiftFormer, as transformers lays it out."""
