"""`python -m transformers_export`, and what the command `transformers-export` runs."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from transformers_export.cli import main


def run() -> NoReturn:
    """Run the command of the command line and end the process with its exit code."""
    static = "--static" in sys.argv[1:]
    if static:
        gc.disable()  # this process lives for a tenth of a second and spends a twentieth of it looking for garbage
    code = main()
    if static:
        # Freeing every syntax tree by itself takes a sixth of a static check; the system frees them all at once.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise SystemExit(code)


if __name__ == "__main__":
    run()
