"""Marian."""
