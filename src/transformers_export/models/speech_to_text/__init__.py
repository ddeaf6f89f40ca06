"""Speech2Text."""
