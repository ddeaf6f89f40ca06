"""`python -m transformers_export.onnx --model CHECKPOINT --feature FEATURE OUTPUT`, or `... validate MODEL.onnx`."""

from __future__ import annotations

import sys

from transformers_export.onnx.command import main

if __name__ == "__main__":
    sys.exit(main())
