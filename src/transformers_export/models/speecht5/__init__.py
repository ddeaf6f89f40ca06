"""SpeechT5."""
