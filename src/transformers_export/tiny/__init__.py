"""Small random-weight models, tokenizers and processors made from any model configuration.

Public names are resolved on first use: importing this package imports neither torch nor transformers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers_export.tiny.checkpoint import save_checkpoint
    from transformers_export.tiny.errors import CannotShrink
    from transformers_export.tiny.preprocessors import make_preprocessor
    from transformers_export.tiny.shrinking import shrink
    from transformers_export.tiny.starts import start
    from transformers_export.tiny.weights import build_model

__all__ = ["CannotShrink", "build_model", "make_preprocessor", "save_checkpoint", "shrink", "start"]

_HOMES = {
    "CannotShrink": "errors",
    "build_model": "weights",
    "make_preprocessor": "preprocessors",
    "save_checkpoint": "checkpoint",
    "shrink": "shrinking",
    "start": "starts",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
