"""I-BERT."""
