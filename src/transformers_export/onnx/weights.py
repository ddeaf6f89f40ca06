"""Which weights a checkpoint holds, by the names of its files."""

from __future__ import annotations

from pathlib import Path

PYTORCH_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
TENSORFLOW_WEIGHTS = ("tf_model.h5", "tf_model.h5.index.json")


def has_pytorch_weights(model: str, cache_dir: str | None) -> bool:
    """Whether a directory or hub id holds weights that `from_pretrained` reads."""
    return any(has_file(model, name, cache_dir) for name in PYTORCH_WEIGHTS)


def has_tensorflow_weights(model: str, cache_dir: str | None) -> bool:
    """Whether a directory or hub id holds weights that TensorFlow saved as HDF5."""
    return any(has_file(model, name, cache_dir) for name in TENSORFLOW_WEIGHTS)


def has_file(model: str, name: str, cache_dir: str | None) -> bool:
    """Whether a directory or hub id holds a file."""
    if Path(model).is_dir():
        return (Path(model) / name).is_file()
    from transformers.utils import cached_file
    from transformers.utils import has_file as has_remote_file

    try:
        found = cached_file(
            model, name, cache_dir=cache_dir, local_files_only=True, _raise_exceptions_for_missing_entries=False
        )
        return found is not None or has_remote_file(model, name, cache_dir=cache_dir)
    except OSError:
        return False
