"""`python -m transformers_export.onnx --model CHECKPOINT --feature FEATURE OUTPUT`, or `... validate MODEL.onnx`."""

from __future__ import annotations

from transformers_export.onnx import alone
from transformers_export.onnx.command import main

if __name__ == "__main__":
    alone.run(lambda: main(alone=True))
