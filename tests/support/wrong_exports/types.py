"""What a planted defect is: plain data, and the places where one can be planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    import onnx
    from support.traced import Small

LAYERS = 4
"""Of the small models that have a defect in a layer, on the side where it is."""

Change = Callable[..., Any]
"""What a module computes in place of its own `forward`: takes the module, that `forward`, and what is given to it."""

BOTH = ("legacy", "dynamo")


@dataclass(frozen=True)
class Spot:
    """Where in a file a graph defect is planted."""

    layer: int
    module: str
    """Dotted name of the defect's module; empty where it has none."""
    config: Any
    """The right OnnxConfig."""


@dataclass(frozen=True)
class InConfiguration:
    """A class derived from the right one in its place, for exporting and for validating."""

    place = "configuration"
    change: Callable[[type], type]


@dataclass(frozen=True)
class WhileCaptured:
    """The defect's module computes something else while the graph is captured: the fault of a patch or an exporter."""

    place = "model code, captured"
    change: Change


@dataclass(frozen=True)
class InModelCode:
    """The defect's module computes something else for good: PyTorch is right, and the export cannot follow it."""

    place = "model code"
    change: Change


@dataclass(frozen=True)
class InGraph:
    """A good file, edited."""

    place = "graph"
    change: Callable[[onnx.ModelProto, Spot], None]
    external: bool = False
    """Whether the file keeps its weights beside it."""
    files: Callable[[Any], None] | None = None
    """What is done to the files themselves in place of the graph: gets the path."""


@dataclass(frozen=True)
class WhileExporting:
    """The export itself is asked for something else: gets nothing, gives a context to export in."""

    place = "export"
    change: Callable[[], Any]


@dataclass(frozen=True)
class FromAnotherModel:
    """The file is made from the same weights under another configuration of the model."""

    place = "model's configuration"
    build: Callable[[], Small]


Planting = FromAnotherModel | InConfiguration | WhileCaptured | InModelCode | InGraph | WhileExporting


@dataclass(frozen=True)
class Defect:
    """One way for an export to be wrong."""

    name: str
    what: str
    """What is wrong, in one sentence for the table."""
    subject: str
    """The small model, a key of `subjects.SUBJECTS`."""
    check: str
    """The check that is named for it and must fail."""
    planting: Planting
    modules: tuple[str, ...] = ("",)
    """Its module, with `{layer}`: the first of these that the model has, as names differ between versions."""
    exporters: tuple[str, ...] = BOTH
    elsewhere: str = ""
    """Why not under the other exporter."""
    says: str = ""
    """Words that the check's detail must have."""

    @property
    def located(self) -> bool:
        """Whether it makes values differ from one module on, which must then be named."""
        return self.modules != ("",)


def module_of(defect: Defect, model: nn.Module, layer: int) -> str:
    """The dotted name of the defect's module in this model.

    Raises:
        LookupError: The model has none of the names.
    """
    present = {name for name, _ in model.named_modules()}
    for template in defect.modules:
        name = template.format(layer=layer)
        if name in present:
            return name
    raise LookupError(f"{defect.name}: {type(model).__name__} has none of {defect.modules} at layer {layer}")
