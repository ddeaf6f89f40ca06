"""Perceiver."""
