"""TorchScript: a transformers model traced to a `.pt` file that torch alone loads, its names and sizes inside.

Names are resolved on first use: `load` and `pad_to` import torch and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers_export.torchscript.convert import export
    from transformers_export.torchscript.given import declare
    from transformers_export.torchscript.loading import TracedModel, load
    from transformers_export.torchscript.manifest import Manifest, read_manifest
    from transformers_export.torchscript.padded import pad_to
    from transformers_export.torchscript.saving import save
    from transformers_export.torchscript.tracing import trace
    from transformers_export.torchscript.validation import validate

_HOMES = {
    "Manifest": "manifest",
    "TracedModel": "loading",
    "declare": "given",
    "export": "convert",
    "load": "loading",
    "pad_to": "padded",
    "read_manifest": "manifest",
    "save": "saving",
    "trace": "tracing",
    "validate": "validation",
}

__all__ = [
    "Manifest",
    "TracedModel",
    "declare",
    "export",
    "load",
    "pad_to",
    "read_manifest",
    "save",
    "trace",
    "validate",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
