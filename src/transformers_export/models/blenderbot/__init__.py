"""Blenderbot."""
