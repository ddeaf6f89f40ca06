"""Which source files hold a model's own code, as opposed to the libraries that run, capture or check it.

The standard library alone: the worker side, which has no other packages before a case begins, reads it too.
"""

from __future__ import annotations

import sys
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MACHINERY = (
    "torch",
    "functorch",
    "numpy",
    "sympy",
    "mpmath",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "onnx_ir",
    "safetensors",
    "tokenizers",
    "huggingface_hub",
    "accelerate",
    "transformers_export",
)
"""Packages of which no file is a model's."""
_EXPORTERS = ("onnx", "onnxruntime", "onnxscript", "onnx_ir")
_STANDARD_LIBRARY = Path(sysconfig.get_paths()["stdlib"]).resolve()
_INSTALLED = ("site-packages", "dist-packages")
_MOST_LINKS = 16


@dataclass(frozen=True)
class Line:
    """A line of source code."""

    file: str
    number: int

    def __str__(self) -> str:
        """Return `package/module.py:12`, below the folder that Python imported it from."""
        return f"{shown(self.file)}:{self.number}"


def is_model_code(file: str) -> bool:
    """Tell whether a file holds a model's code: a project's own file, or one of `transformers.models`.

    Rotary embeddings count too: transformers keeps in one file what each of its models decides by the length.
    """
    if not is_above_machinery(file):
        return False
    inside = _inside("transformers", file)
    return inside is None or inside.parts[0] == "models" or inside.name == "modeling_rope_utils.py"


def is_above_machinery(file: str) -> bool:
    """Tell whether a file belongs neither to torch, the exporters, nor Python: transformers' own files do count."""
    if file.startswith("<"):
        return False
    path = Path(file).resolve()
    if path.is_relative_to(_STANDARD_LIBRARY) and not set(_INSTALLED) & set(path.parts):
        return False
    return all(_inside(package, file) is None for package in _MACHINERY)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, what it was raised from, and so on."""
    for _ in range(_MOST_LINKS):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def last_model_line(error: BaseException) -> Line | None:
    """Return the line of model code that was running last when an exception, or what it came from, was raised."""
    for link in reversed(list(chain(error))):
        frames = traceback.extract_tb(link.__traceback__)
        for frame in reversed(frames):
            if is_model_code(frame.filename):
                return Line(frame.filename, frame.lineno or 0)
    return None


def is_our_bug(error: BaseException) -> bool:
    """Tell whether an exception is a bug of transformers-export.

    It is where no line of a model, its configuration, transformers or an exporter was running, and where we did not
    raise it ourselves: what we raise says what somebody else should correct.
    """
    frames = [frame for link in chain(error) for frame in traceback.extract_tb(link.__traceback__)]
    last = traceback.extract_tb(error.__traceback__)[-1:]
    raised = any(_is_ours(one.filename) and (one.line or "").startswith("raise") for one in last)
    if (
        raised
        or isinstance(error, OSError | SyntaxError | ImportError)
        or not any(_is_ours(f.filename) for f in frames)
    ):
        return False
    return not any(is_above_machinery(frame.filename) or _captures_or_imports(frame.filename) for frame in frames)


def _is_ours(file: str) -> bool:
    return _inside("transformers_export", file) is not None


def _captures_or_imports(file: str) -> bool:
    """Tell whether a file is of an exporter, of what runs its graphs, or of what imports a project's modules."""
    inside = _inside("torch", file)
    if inside is not None:
        return inside.parts[0] in ("onnx", "export", "_export", "_dynamo", "_functorch", "jit")
    return "importlib" in file or any(_inside(package, file) is not None for package in _EXPORTERS)


def shown(file: str, roots: Iterable[str] = ()) -> str:
    """Return a path relative to the folder that Python imports it from, the deepest where several hold it."""
    path = Path(file).resolve()
    folders = [Path(root).resolve() for root in (*roots, *sys.path) if root]
    holding = [folder for folder in folders if path.is_relative_to(folder)]
    return path.relative_to(max(holding, key=lambda folder: len(folder.parts))).as_posix() if holding else str(path)


def _inside(package: str, file: str) -> Path | None:
    """Return where in an imported package a file lies; None where it is not part of it."""
    place = getattr(sys.modules.get(package), "__file__", None)
    if place is None:
        return None
    folder = Path(place).parent
    for path in (Path(file), Path(file).resolve()):
        if path.is_relative_to(folder):
            return path.relative_to(folder)
    return None
