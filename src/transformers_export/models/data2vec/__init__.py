"""Data2Vec."""
