"""Ready-made configurations, laid out as transformers lays out its own; `bases.py` holds what they share."""
