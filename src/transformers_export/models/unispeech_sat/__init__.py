"""UniSpeech-SAT, as transformers lays it out."""
