"""Exports that are wrong in one way each: what is planted, where, and which check must catch it.

`catalogue.py` lists them all; an entry is declarative (`types.py`). `making.py` turns it into a file, so that tests
and benchmarks use the same ones. Runs under every transformers that the exporter supports.
"""
