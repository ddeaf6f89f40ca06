"""transformers.onnx made whole again: the same names, on transformers 5 and 4 and on today's torch.

Names are resolved on first use, so that reading the registry costs no torch import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers_export.onnx.config import (
        OnnxConfig,
        OnnxConfigWithPast,
        OnnxSeq2SeqConfigWithPast,
        PatchingSpec,
    )
    from transformers_export.onnx.convert import export
    from transformers_export.onnx.features import FeaturesManager
    from transformers_export.onnx.parts import parts_of
    from transformers_export.onnx.validation.validate import validate, validate_model_outputs

_HOMES = {
    "OnnxConfig": "config",
    "OnnxConfigWithPast": "config",
    "OnnxSeq2SeqConfigWithPast": "config",
    "PatchingSpec": "config",
    "FeaturesManager": "features",
    "export": "convert",
    "parts_of": "parts",
    "validate": "validation.validate",
    "validate_model_outputs": "validation.validate",
}

__all__ = [
    "FeaturesManager",
    "OnnxConfig",
    "OnnxConfigWithPast",
    "OnnxSeq2SeqConfigWithPast",
    "PatchingSpec",
    "export",
    "parts_of",
    "validate",
    "validate_model_outputs",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
