"""Whisper, as transformers lays it out."""
