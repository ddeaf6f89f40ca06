"""Exports transformers models to ONNX and checks on every pull request that the export still computes the model.

This package file stays empty on purpose: the static hook imports it on every commit.
"""

__version__ = "0.1.0"
