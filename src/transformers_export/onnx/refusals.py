"""What loading a checkpoint can raise, as one sentence that says what to do."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from transformers_export.onnx.missing import MissingWeightsError
from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN = (MissingWeightsError, TensorFlowCheckpointError)
"""Errors of ours: their message says it all, on one line."""
_ABOUT_FILES = ("SafetensorError", "UnpicklingError", "EOFError", "BadZipFile")
_TORN = re.compile(
    r"PytorchStreamReader|central directory|not a ZIP archive|pickle data|invalid header|magic number", re.I
)
_PIP = re.compile(r"pip3? install (?:-U |--upgrade )?([^`'\"\n]+)")
_LONGEST = 500


class WrongUseError(Exception):
    """Something the user has to change before anything can be exported."""


@contextmanager
def refused(what: str) -> Iterator[None]:
    """Turn whatever is raised inside into a WrongUseError: what loading raises is about the checkpoint or the machine.

    Args:
        what: What could not be done, e.g. `Cannot load 'acme/bert' for masked-lm`.

    Raises:
        WrongUseError: With what could not be done, why, and what to do.
    """
    try:
        yield
    except WrongUseError:
        raise
    except Exception as error:
        raise WrongUseError(f"{what}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Why loading failed, and what to do where that is known."""
    text = str(error).strip()
    if isinstance(error, _OWN):
        return text
    if "trust_remote_code" in text:
        return (
            "it needs Python code that the checkpoint brings, which would run on this machine. Read that code, then "
            "pass --trust-remote-code (trust_remote_code=True from Python)."
        )
    if isinstance(error, ImportError):
        return _package(error)
    if type(error).__name__ in _ABOUT_FILES or _TORN.search(text):
        return f"a file of weights is damaged or cut ({first_line(error)}). Download the checkpoint again."
    if isinstance(error, (OSError, ValueError)):
        return first_line(error)
    return f"{type(error).__name__}: {first_line(error)}"


def first_line(error: Exception) -> str:
    """The first line of a message, with the next where it ends in a colon, cut where long; else the error's type."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    line = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


def _package(error: ImportError) -> str:
    """Which package is missing, and the command that brings it."""
    command = _PIP.search(str(error))
    name = (error.name or "").partition(".")[0]
    packages = command[1].strip(" .)") if command else name
    if not packages:
        return first_line(error)
    known = f"it needs the package {name}, which is not installed here" if name and not command else first_line(error)
    return f"{known.rstrip('.:')}. Run: pip install {packages}"
