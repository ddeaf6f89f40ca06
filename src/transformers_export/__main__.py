"""`python -m transformers_export`, and what the command `transformers-export` runs."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from transformers_export.cli import main


def run() -> NoReturn:
    """Run the command of the command line and end the process with its exit code."""
    code = main()
    if "--static" in sys.argv[1:]:
        # Freeing every syntax tree by itself takes a sixth of a static check; the system frees them all at once.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise SystemExit(code)


if __name__ == "__main__":
    run()
