"""Commands that need more than the core say so in one line instead of a traceback."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from transformers_export.cli.arguments import UsageError


def load(module: str, extra: str) -> Any:
    """Import one of our modules whose dependencies come with an extra.

    Raises:
        UsageError: a dependency is missing; names the command that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("transformers_export"):
            raise
        raise UsageError(
            f"This needs {error.name}, which is not installed here. "
            f'Run: {sys.executable} -m pip install "transformers-export[{extra}]"'
        ) from error


def report_renderer() -> Any:
    """Return `report.render`, which needs Jinja."""
    return load("transformers_export.report.render", "report")
