"""FlauBERT."""
