"""LayoutLMv3."""
