"""DonutSwin, as transformers lays it out."""
