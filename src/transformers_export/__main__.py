"""`python -m transformers_export`: the same as the command `transformers-export`."""

from __future__ import annotations

from transformers_export.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
