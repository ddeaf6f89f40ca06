"""UniSpeech, as transformers lays it out."""
