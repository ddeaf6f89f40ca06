"""`python -m transformers_export.torchscript --model CHECKPOINT --feature FEATURE OUTPUT`."""

from __future__ import annotations

import sys

from transformers_export.torchscript.command import main

if __name__ == "__main__":
    sys.exit(main())
