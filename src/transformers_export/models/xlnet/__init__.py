"""XLNet, as transformers lays it out."""
