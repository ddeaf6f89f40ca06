"""Edits of source text, one file a place: registry, matrix, package, docs list, imports, comments, classes.

Every edit is a pure function: the file's bytes in, the new bytes out, or `CannotEdit` with the reason. Encoding, BOM,
line endings and indentation stay; only what is added or taken out differs. An edit that would leave no valid Python is
refused. What is worth editing is decided by the rules, writing files is the command's. This package imports libcst:
only what fixes imports it.
"""
