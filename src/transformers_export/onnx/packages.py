"""Packages that a command needs: looked for before anything is loaded."""

from __future__ import annotations

import sys
from importlib import import_module

from transformers_export.onnx.refusals import WrongUseError


def require_packages(*names: str) -> None:
    """Import packages that the command uses later.

    Raises:
        WrongUseError: One is not installed, or cannot be imported.
    """
    for name in names:
        try:
            import_module(name)
        except ImportError as error:  # noqa: PERF203  (a few at most)
            absent = isinstance(error, ModuleNotFoundError) and error.name == name
            why = "is not installed here" if absent else f"cannot be imported here ({error})"
            command = f'{sys.executable} -m pip install "transformers-export[onnx]"'
            raise WrongUseError(f"This needs {name}, which {why}. Run: {command}") from error
