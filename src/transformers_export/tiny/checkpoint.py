"""A model and its preprocessor on disk, as `save_pretrained` would leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def save_checkpoint(model: Any, preprocessor: Any, directory: Path) -> None:
    """Write config.json, model.safetensors and the preprocessor's files into a directory, making it first.

    Args:
        model: a model, e.g. from `build_model`.
        preprocessor: a tokenizer, image processor or feature extractor; None writes the model alone.
    """
    directory.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(directory)
    if preprocessor is not None:
        preprocessor.save_pretrained(directory)
