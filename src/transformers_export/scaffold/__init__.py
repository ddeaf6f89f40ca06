"""Writing an ONNX configuration for a model that has none: what its files say, what follows from it, the new text.

Reading is with ast alone. How entries are put into registries, matrices and documents is in `edits/`; the command that
writes files is `cli/scaffold.py`.
"""
