"""The ready-made configurations: one registration each, read on import and by those who only read Python.

Features stand in the order of transformers.onnx. A set of features that several model types share has a name.
"""

from __future__ import annotations

from transformers_export.onnx.ready_made import audio, decoders, encoders, images, sequence_to_sequence, several

__all__ = ["audio", "decoders", "encoders", "images", "sequence_to_sequence", "several"]
