"""Reading the HDF5 files of a checkpoint: which weights there are, of what shape, and one weight's values.

A checkpoint may come from anywhere. Only names that the file or the index lists are followed, through hard links alone,
to floating-point datasets whose bytes stand in the file itself; everything else is refused. Values are read one weight
at a time, by whoever has compared the shape first. HDF5 holds no code, and nothing here unpickles.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError, listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TOP_LEVEL = "top_level_model_weights"
"""Where newer Keras lists weights that the model itself holds, not one of its layers."""
_SHARD = re.compile(r"[\w.-]+\.h5")
_SIZES = (2, 4, 8)
"""Bytes of a floating-point number; above, platforms differ."""


@dataclass(frozen=True)
class Weight:
    """One weight of a checkpoint, not read yet."""

    name: str
    """As TensorFlow called it, e.g. `tf_bert_model/bert/pooler/dense/kernel:0`."""
    file: Path
    path: str
    """Of the dataset in the file."""
    shape: tuple[int, ...]


def require_h5py() -> Any:
    """The h5py module.

    Raises:
        TensorFlowCheckpointError: It is not installed; the message says how.
    """
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise TensorFlowCheckpointError(
            "Reading TensorFlow weights (tf_model.h5) needs h5py, which is not installed. Run: pip install h5py"
        ) from error
    return h5py


def weights_of_file(file: Path) -> list[Weight]:
    """Every weight that one `tf_model.h5` lists; a weight that several layers share is listed by each.

    Raises:
        TensorFlowCheckpointError: The file is not what TensorFlow's `save_pretrained` writes.
    """
    with _opened(file) as root:
        groups = [*_names(root, "layer_names", file), *([_TOP_LEVEL] if _TOP_LEVEL in root else [])]
        found = []
        for group in groups:
            layer = _walk(root, group, file)
            found += [_weight(root, name, f"{group}/{name}", file) for name in _names(layer, "weight_names", file)]
        return found


def weights_of_index(index: Path, shards: dict[str, Path]) -> list[Weight]:
    """Every weight that an index names, found in its shard.

    Args:
        index: `tf_model.h5.index.json`.
        shards: Where each file is that `shard_names` gives.

    Raises:
        TensorFlowCheckpointError: Index and shards do not belong together, or are not what TensorFlow writes.
    """
    by_shard: dict[str, list[str]] = {name: [] for name in shards}
    for weight, shard in _weight_map(index).items():
        by_shard[shard].append(weight)
    found: list[Weight] = []
    for shard, weights in by_shard.items():
        found += _weights_of_shard(shards[shard], weights, index)
    return found


def shard_names(index: Path) -> list[str]:
    """The files an index names: plain names, beside it.

    Raises:
        TensorFlowCheckpointError: It is no index.
    """
    return sorted(set(_weight_map(index).values()))


def read(weight: Weight) -> Any:
    """The values of one weight, a numpy array in this machine's byte order.

    Raises:
        TensorFlowCheckpointError: They cannot be read.
    """
    with _opened(weight.file) as root:
        values = _walk(root, weight.path, weight.file)[()]
        return values.astype(values.dtype.newbyteorder("="))


def _weights_of_shard(file: Path, weights: list[str], index: Path) -> list[Weight]:
    """A shard holds datasets by name, mostly without the model's own name before it."""
    with _opened(file) as root:
        held = _names(root, "layer_names", file)
        pairs = {weight: next((path for path in _paths_in_shard(weight) if path in held), None) for weight in weights}
        lost = sorted(weight for weight, path in pairs.items() if path is None)
        spare = sorted(set(held) - set(pairs.values()))
        if lost or spare:
            told = [f"lacks {listed(lost)}, which the index names"] if lost else []
            told += [f"has {listed(spare)}, which it does not name"] if spare else []
            raise TensorFlowCheckpointError(
                f"{file.name} and {index.name} do not belong together: the file {' and '.join(told)}. Get both again "
                "from where they come from."
            )
        return [_weight(root, weight, str(path), file) for weight, path in pairs.items()]


def _paths_in_shard(weight: str) -> tuple[str, ...]:
    return (weight, weight.partition("/")[2]) if "/" in weight else (weight,)


def _weight_map(index: Path) -> dict[str, str]:
    try:
        found = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        shards = set(found.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TensorFlowCheckpointError(
            f"{index} is no index of a sharded checkpoint: expected JSON with a weight_map of names to files, got "
            f"{type(error).__name__}: {error}."
        ) from error
    odd = sorted(str(shard) for shard in shards if not isinstance(shard, str) or not _SHARD.fullmatch(shard))
    if odd or not found:
        raise TensorFlowCheckpointError(
            f"{index} must name files beside it, such as tf_model-00001-of-00002.h5; it names {listed(odd) or 'none'}."
        )
    return dict(found)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """The open file; whatever h5py raises while it is read becomes one error that says what to do."""
    h5py = require_h5py()
    try:
        with h5py.File(file, "r") as root:
            yield root
    except TensorFlowCheckpointError:
        raise
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, UnicodeError) as error:
        raise TensorFlowCheckpointError(
            f"{file} cannot be read as HDF5: {' '.join(str(error).split())}. It may be cut short, or a pointer file of "
            "Git LFS (then run: git lfs pull). Get it again from where it comes from."
        ) from error


def _names(group: Any, attribute: str, file: Path) -> list[str]:
    """A list of names that Keras keeps in an attribute, or in several where it is long (`weight_names0`, ...)."""
    if attribute in group.attrs:
        names = list(group.attrs[attribute])
    else:
        parts = takewhile(group.attrs.__contains__, (f"{attribute}{number}" for number in count()))
        names = [name for part in parts for name in group.attrs[part]]
        if not names:
            raise _unexpected(file, f"{group.name} has no {attribute}")
    return [name.decode("utf-8") if isinstance(name, bytes) else str(name) for name in names]


def _weight(root: Any, name: str, path: str, file: Path) -> Weight:
    found = _walk(root, path, file)
    if not hasattr(found, "shape"):
        raise _unexpected(file, f"{path!r} is a group, no weight")
    return Weight(name, file, path, tuple(found.shape))


def _walk(root: Any, path: str, file: Path) -> Any:
    """The group or plain dataset at a path, level by level, through hard links alone."""
    import h5py

    found = root
    for level in path.split("/"):
        if level in ("", ".", ".."):
            raise _unexpected(file, f"{path!r} is no plain path")
        link = found.get(level, getlink=True) if isinstance(found, h5py.Group) else None
        if link is None:
            raise _unexpected(file, f"it lists {path!r} and does not hold it")
        if not isinstance(link, h5py.HardLink):
            raise _unexpected(file, f"{path!r} is a link to elsewhere")
        found = found[level]
    if isinstance(found, h5py.Dataset):
        _require_plain(found, path, file)
    return found


def _require_plain(dataset: Any, path: str, file: Path) -> None:
    """Refuse virtual, external, filtered and half-written datasets, and types that are no floating-point numbers."""
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize not in _SIZES:
        raise _unexpected(file, f"{path!r} holds {dataset.dtype}, not floating-point numbers")
    stored = dataset.id.get_storage_size()
    if dataset.is_virtual or dataset.external or dataset.chunks is not None or stored != dataset.nbytes:
        raise _unexpected(
            file,
            f"{path!r} is declared as {list(dataset.shape)}, {dataset.nbytes} bytes, of which {stored} are plainly in "
            "the file (h5repack -l CONTI rewrites compressed ones)",
        )


def _unexpected(file: Path, what: str) -> TensorFlowCheckpointError:
    return TensorFlowCheckpointError(f"{file} is not what TensorFlow's save_pretrained() writes: {what}.")
