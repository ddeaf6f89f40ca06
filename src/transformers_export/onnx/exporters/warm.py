"""What a first export in a process imports and builds, done once before processes are forked for exports.

Nothing of the checked project is touched: what is exported here are a few of torch's own layers.
"""

from __future__ import annotations

import contextlib
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from transformers_export.onnx.exporters import find
from transformers_export.onnx.flat import FlatModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.onnx.exporters import ExporterName

_OPSET = 18
_SHARED = (
    "transformers.generation.utils",
    "transformers.masking_utils",
    "transformers.modeling_layers",
    "transformers.processing_utils",
    "transformers_export.onnx.graph",
    "transformers_export.onnx.inputs",
    "transformers_export.onnx.probing",
    "transformers_export.onnx.validation.catalog",
)
"""Imported by what every model and every validation imports, in whichever transformers has them."""
_AXES = {"input_ids": {0: "batch", 1: "sequence"}}


def dynamo() -> None:
    """Export a few layers with the dynamo exporter."""
    _export("dynamo")


def legacy() -> None:
    """Export a few layers with the legacy exporter."""
    _export("legacy")


class _Layers(nn.Module):
    """Operators that most models have."""

    config = None

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(8, 8)
        self.norm = nn.LayerNorm(8)
        self.project = nn.Linear(8, 8)

    def forward(self, input_ids: Tensor, return_dict: bool = True) -> dict[str, Tensor]:
        hidden = self.norm(self.embed(input_ids))
        heads = self.project(hidden).view(*input_ids.shape, 2, 4).transpose(1, 2)
        mask = (input_ids > 0)[:, None, None, :]
        mixed = nn.functional.scaled_dot_product_attention(heads, heads, heads, attn_mask=mask)
        return {"hidden": nn.functional.gelu(self.project(mixed.transpose(1, 2).flatten(2))) + hidden}


def _export(exporter: ExporterName) -> None:
    """Import what all share, export and forget. An exporter that fails here fails in its cases, which say so."""
    for name in _SHARED:
        with contextlib.suppress(ImportError):
            import_module(name)
    declared: Any = SimpleNamespace(inputs=_AXES, outputs={"hidden": _AXES["input_ids"]})
    with contextlib.suppress(Exception), _one_thread(), torch.random.fork_rng(devices=[]), torch.no_grad():
        flat = FlatModel(_Layers().eval(), declared)
        find(exporter)(flat, {"input_ids": torch.ones(2, 8, dtype=torch.long)}, _AXES, _OPSET)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch's progress bars from starting a thread to watch them: a fork of two threads hangs."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    before, tqdm.monitor_interval = tqdm.monitor_interval, 0
    try:
        yield
    finally:
        tqdm.monitor_interval = before
