"""ViTPose."""
