"""SqueezeBERT."""
