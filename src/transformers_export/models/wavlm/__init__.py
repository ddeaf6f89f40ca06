"""WavLM, as transformers lays it out."""
