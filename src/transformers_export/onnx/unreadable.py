"""Checkpoints that cannot be exported as they are, told by their files before a weight is read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from transformers_export.onnx.refusals import WrongUseError
from transformers_export.onnx.weights import PYTORCH_WEIGHTS

_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_LIMIT = 1024
"""Bytes; a git-lfs pointer is three short lines."""
_SHOWN = 6
_ORIGINAL = (
    "An export needs the weights as numbers: give the checkpoint it was made from, or load this one where its kernels "
    "are installed, call model.dequantize() and save it."
)


def require_directory(model: str) -> None:
    """Refuse a path that is no directory with a config.json; what may be a hub id is not looked at.

    Raises:
        WrongUseError: With what is there instead.
    """
    path = Path(model)
    if path.is_file():
        raise WrongUseError(f"{model!r} is a file: expected the directory of the checkpoint, or a hub id.")
    if not path.is_dir():
        if path.is_absolute() or model.startswith((".", "~")) or model.replace(os.sep, "/").count("/") > 1:
            raise WrongUseError(f"No checkpoint at {model!r}: there is no such directory.")
        return
    for file in sorted(path.iterdir()):
        _require_content(file)
    if not (path / "config.json").is_file():
        raise WrongUseError(
            f"No checkpoint at {model!r}: the directory has no config.json{found_instead(model)}. Save the model there "
            "with save_pretrained()."
        )


def require_plain_weights(model: str, config: Any) -> None:
    """Refuse weights that are packed for kernels of a quantization method.

    Raises:
        WrongUseError: With the method.
    """
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    found = getattr(config, "quantization_config", None) or getattr(text, "quantization_config", None)
    if not found:
        return
    described = found if isinstance(found, dict) else getattr(found, "__dict__", {})
    method = described.get("quant_method") or described.get("quant_algo") or "a method config.json does not name"
    raise WrongUseError(f"{model!r} is quantized with {getattr(method, 'value', method)}. {_ORIGINAL}")


def require_whole(model: str) -> None:
    """Refuse a directory of which a file of weights is missing or cut.

    Raises:
        WrongUseError: With the file, the bytes it should have and those it has.
    """
    directory = Path(model)
    if not directory.is_dir():
        return
    name = next(name for name in PYTORCH_WEIGHTS if (directory / name).is_file())
    files = _shards(directory / name) if name.endswith(".index.json") else [name]
    lost = [file for file in files if not (directory / file).is_file()]
    if lost:
        raise WrongUseError(f"{model!r} lacks {', '.join(lost[:_SHOWN])}, which its {name} names. Download it again.")
    for file in files:
        if file.endswith(".safetensors"):
            _require_length(directory / file)


def found_instead(model: str) -> str:
    """The files of a directory, for a message; nothing for a hub id."""
    directory = Path(model)
    if not directory.is_dir():
        return ""
    names = sorted(path.name for path in directory.iterdir())
    return (
        f"; it holds {', '.join(names[:_SHOWN])}{' ...' if len(names) > _SHOWN else ''}" if names else "; it is empty"
    )


def _require_content(file: Path) -> None:
    if not file.is_file() or file.stat().st_size > _POINTER_LIMIT:
        return
    if file.read_bytes().startswith(_POINTER):
        raise WrongUseError(
            f"{file} is a git-lfs pointer, not the file itself. Run `git lfs install` and `git lfs pull` in "
            f"{file.parent}."
        )


def _shards(index: Path) -> list[str]:
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongUseError(f"{index} is not an index of weights. Download the checkpoint again.") from error
    return sorted(map(str, names))


def _require_length(file: Path) -> None:
    """A safetensors file says in its header how long it is."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        header = int.from_bytes(stream.read(8), "little")
        expected = 8 + header
        if expected <= size:
            expected += _end_of_data(file, stream.read(header))
    if size != expected:
        raise WrongUseError(
            f"{file} is cut or damaged: expected {expected} bytes, it has {size}. Download the checkpoint again."
        )


def _end_of_data(file: Path, header: bytes) -> int:
    try:
        tensors = json.loads(header)
        return max(
            (int(each["data_offsets"][1]) for name, each in tensors.items() if name != "__metadata__"), default=0
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise WrongUseError(f"{file} is not a safetensors file. Download the checkpoint again.") from error
