"""GPT Neo."""
