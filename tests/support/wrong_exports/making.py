"""From a defect to the file that has it, beside the model, preprocessor and configuration it is to be held against."""

from __future__ import annotations

import copy
import functools
import inspect
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

import onnx
from support.traced import Small
from support.wrong_exports.subjects import OPSET, SUBJECTS
from support.wrong_exports.types import (
    FromAnotherModel,
    InConfiguration,
    InGraph,
    InModelCode,
    Spot,
    WhileCaptured,
    WhileExporting,
    module_of,
)
from transformers_export.onnx import export

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from support.wrong_exports.types import Change, Defect


@dataclass(frozen=True)
class Made:
    """A file with a defect."""

    small: Small
    """What it is to be held against; the configuration is the wrong one where the defect is there."""
    path: Path
    module: str
    """Where the defect is; empty where it has no module."""


class GoodFiles:
    """Good exports, made on first use and kept: graph defects are edits of them, and each must pass undamaged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, subject: str, exporter: str) -> Path:
        """The good file of a subject."""
        path = self._folder / f"{subject}-{exporter}.onnx"
        if not path.exists():
            built = SUBJECTS[subject].build()
            export(built.preprocessor, built.model, built.config, OPSET, path, exporter=exporter)
        return path

    def made(self, subject: str, exporter: str) -> Made:
        """The good file beside what it is to be held against."""
        return Made(SUBJECTS[subject].build(), self.of(subject, exporter), "")


def make(defect: Defect, exporter: str, layer: int, path: Path, good: GoodFiles) -> Made:
    """Make the file of a defect.

    Args:
        defect: The entry.
        exporter: What captures the graph.
        layer: Where the defect is planted, for those in a layer.
        path: Where the file goes.
        good: The undamaged exports.

    Raises:
        Exception: What the export raises, where it refuses the defect.
    """
    built = SUBJECTS[defect.subject].build()
    module = module_of(defect, built.model, layer)
    planting = defect.planting
    if isinstance(planting, InGraph):
        _edit(planting, good.of(defect.subject, exporter), path, Spot(layer, module, built.config))
        return Made(built, path, module)
    if isinstance(planting, FromAnotherModel):
        other = planting.build()
        export(other.preprocessor, other.model, other.config, OPSET, path, exporter=exporter)
        return Made(built, path, module)
    if isinstance(planting, InConfiguration):
        built = Small(built.model, built.preprocessor, spoilt(built.config, planting))
    context: Any = nullcontext()
    if isinstance(planting, (WhileCaptured, InModelCode)):
        plant(built.model, module, planting.change, only_captured=isinstance(planting, WhileCaptured))
    elif isinstance(planting, WhileExporting):
        context = planting.change()
    with context:
        export(built.preprocessor, built.model, built.config, OPSET, path, exporter=exporter)
    return Made(built, path, module)


def spoilt(config: Any, planting: InConfiguration) -> Any:
    """The same configuration as an object of the wrong class; works for other packages' configurations too."""
    wrong = copy.copy(config)
    wrong.__class__ = planting.change(type(config))
    return wrong


def plant(model: nn.Module, module: str, change: Change, *, only_captured: bool) -> None:
    """Let one module compute something else, always or only while a graph is captured from it."""
    target: Any = model.get_submodule(module)
    original = target.forward
    parameters = list(inspect.signature(original).parameters)

    @functools.wraps(original)
    def forward(*given: Any, **named: Any) -> Any:
        if not module:  # the model itself takes everything by name, however another package calls it
            given, named = (), {**dict(zip(parameters, given, strict=False)), **named}
        if only_captured and not _capturing():
            return original(*given, **named)
        return change(target, original, *given, **named)

    # optimum unwraps what a model's forward wraps; the signature must stay, as inputs are ordered by it.
    forward.__signature__ = inspect.signature(original)
    del forward.__wrapped__
    target.forward = forward


def _capturing() -> bool:
    return torch.jit.is_tracing() or torch.compiler.is_compiling()


def _edit(planting: InGraph, good: Path, path: Path, spot: Spot) -> None:
    model = onnx.load(good)
    planting.change(model, spot)
    onnx.save(
        model,
        path,
        save_as_external_data=planting.external,
        location=f"{path.name}.data",
        size_threshold=256,  # as exporters do: shapes have to be in the file
    )
    if planting.files is not None:
        planting.files(path)
