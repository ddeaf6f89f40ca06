"""Checks that an exported graph computes what the model computes: one check a file, `validate.py` runs them all."""
