"""Writing a traced model: the `.pt` file with its manifest inside, and beside it what belongs to the checkpoint.

Nothing is half-written: files get their names when they are whole, the model's last.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from transformers_export.torchscript.manifest import MANIFEST, MODEL
from transformers_export.torchscript.quiet import quiet

if TYPE_CHECKING:
    from transformers_export.torchscript.loading import TracedModel

_OPAQUE = "prim::ConstantMKLDNNTensor"


class UnreadableError(ValueError):
    """A traced model that torch can save and not load."""


def save(traced: TracedModel, output: Path | str, *, config: Any = None, preprocessor: Any = None) -> Path:
    """Save a traced model.

    Args:
        traced: What `trace` gave.
        output: A directory, made where it is missing, for `model.pt`, `manifest.json` and the checkpoint's files; or a
            path that ends in `.pt`, for that file alone, which holds its manifest too.
        config: The model's configuration (`model.config`), for `config.json`.
        preprocessor: Its tokenizer or processor.

    Returns:
        The `.pt` file.

    Raises:
        OSError: The place cannot be written to.
        UnreadableError: torch would write a file that it cannot read.
        RuntimeError: torch cannot save this module.
    """
    _require_readable(traced)
    output = Path(output)
    alone = output.suffix == ".pt" and not output.is_dir()
    directory = output.parent if alone else output
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=directory) as folder:
        whole = Path(folder) / (output.name if alone else MODEL)
        text = traced.manifest.to_json()
        with quiet():
            torch.jit.save(traced.module, str(whole), _extra_files={MANIFEST: text})
        if not alone:
            (whole.parent / MANIFEST).write_text(text, encoding="utf-8")
            for part in (config, preprocessor):
                if part is not None:
                    part.save_pretrained(whole.parent)
        move(whole, directory)
    return directory / whole.name


def _require_readable(traced: TracedModel) -> None:
    """torch saves tensors in the layout of the machine's own library without their values."""
    graph = getattr(traced.module, "inlined_graph", None)
    if graph is not None and any(node.kind() == _OPAQUE for node in graph.nodes()):
        raise UnreadableError(
            "optimize_for_inference rewrote convolutions for this machine's own library; torch would write a file that "
            "it cannot read. Leave optimize_for_inference out and take freeze."
        )


def move(model: Path, directory: Path) -> None:
    """Move a model file and everything beside it to a directory on the same disk, the model last."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in sorted(model.parent.iterdir(), key=lambda file: file == model):
        target = directory / file.name
        if file.is_dir() and target.is_dir():
            shutil.rmtree(target)
        file.replace(target)
