"""ConvBERT."""
