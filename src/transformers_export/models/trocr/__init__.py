"""TrOCR."""
