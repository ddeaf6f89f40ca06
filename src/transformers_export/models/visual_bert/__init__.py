"""VisualBERT."""
