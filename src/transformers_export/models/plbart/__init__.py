"""PLBart."""
