"""Where the TensorFlow weights of a checkpoint are: in a directory, or fetched from a hub as transformers fetches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError, listed
from transformers_export.onnx.tensorflow.reading import (
    require_h5py,
    shard_names,
    weights_of_file,
    weights_of_index,
)
from transformers_export.onnx.weights import TENSORFLOW_WEIGHTS

if TYPE_CHECKING:
    from transformers_export.onnx.tensorflow.reading import Weight

_FILE, _INDEX = TENSORFLOW_WEIGHTS


def weights_of(model: str, cache_dir: str | None) -> list[Weight]:
    """Every weight of a checkpoint: of its one file, else of the shards that its index names.

    Raises:
        TensorFlowCheckpointError: A file is missing or cannot be read, or h5py is not installed.
    """
    require_h5py()
    whole = _fetch(model, _FILE, cache_dir)
    if whole is not None:
        return weights_of_file(whole)
    index = _fetch(model, _INDEX, cache_dir)
    if index is None:
        raise TensorFlowCheckpointError(f"{model!r} holds no TensorFlow weights: expected {_FILE} or {_INDEX}.")
    names = shard_names(index)
    files = {name: _fetch(model, name, cache_dir) for name in names}
    found = {name: file for name, file in files.items() if file is not None}
    if len(found) < len(names):
        lost = [name for name in names if name not in found]
        raise TensorFlowCheckpointError(f"{model!r} lacks {listed(lost)}, which its {_INDEX} names.")
    return weights_of_index(index, found)


def _fetch(model: str, name: str, cache_dir: str | None) -> Path | None:
    if Path(model).is_dir():
        file = Path(model) / name
        return file if file.is_file() else None
    from transformers.utils import cached_file

    found = cached_file(model, name, cache_dir=cache_dir, _raise_exceptions_for_missing_entries=False)
    return Path(found) if found else None
