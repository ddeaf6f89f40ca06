"""BigBird-Pegasus."""
