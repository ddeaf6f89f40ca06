"""What locating finds, and what it is found from. Plain data; decisions are in `decide.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Divergence:
    """How far one module's output is from PyTorch's in the graph."""

    module: str
    """Path in the model, `encoder.layer.2.attention`."""
    class_name: str
    max_difference: float
    """Largest absolute difference."""
    share: float
    """Largest share of the tolerance, as if the module's output were the graph's."""


@dataclass(frozen=True)
class Located:
    """The first place where the graph computes something else than the model."""

    module: str
    """Path in the model; empty for the model itself."""
    class_name: str
    file: str
    """Absolute path of the modeling file; empty where the code has none."""
    line: int
    """In `file`, counted from 1: what PyTorch ran there. 0 without a file."""
    operator: str
    """Type of the ONNX operator where the difference begins; empty where the graph has none in its place."""
    node: str
    """Its name in the graph."""
    torch_operator: str
    """What PyTorch computes there, `aten.addmm`."""
    at: str
    """The shapes that were run, in words."""
    growth: tuple[Divergence, ...]
    """Modules in the order they end, and how far each is off."""
    absent: bool = False
    """The graph has no operator of this module at all."""

    @property
    def sentence(self) -> str:
        """The place in words."""
        where = f"{self.module or 'the model itself'} ({self.class_name})"
        source = f", {self.file}:{self.line}" if self.file else ""
        if self.absent:
            return f"The graph leaves out {where}{source}, at {self.at}"
        operator = f", operator {self.operator} {self.node}" if self.operator else ""
        return f"The values begin to differ in {where}{source}{operator}, at {self.at}"


@dataclass(frozen=True)
class NotLocated:
    """Why no place was found."""

    why: str

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return f"Where the values begin to differ was not found: {self.why}"


@dataclass(frozen=True)
class Op:
    """One operator that PyTorch ran, and where in the model's code."""

    name: str
    module: str
    """Path of the innermost module that was running."""
    file: str
    line: int
    inputs: tuple[int, ...]
    """Places of the values it read."""
    outputs: tuple[int, ...]
    """Places of the values it made or changed."""


@dataclass(frozen=True)
class Call:
    """One call of a module."""

    module: str
    class_name: str
    first: int
    """Place of the first operator that ran in it."""
    after: int
    """Place behind its last operator."""
    output: int | None
    """Place of its first tensor of numbers; None where it returned none."""


@dataclass
class Trace:
    """What PyTorch computed, operator by operator. `values` are copies, made when they were computed."""

    values: list[np.ndarray] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    outputs: tuple[int | None, ...] = ()
    """Places of the declared outputs."""


@dataclass(frozen=True)
class GraphValue:
    """What one operator of the graph computed."""

    name: str
    array: np.ndarray
    node: str
    operator: str
    module: str | None
    """Path of the module it was exported from; None where the graph does not say."""
    readers: tuple[str | None, ...] = ()
    """The modules of the operators that read it."""
    output: bool = False
    """Whether it is an output of the graph."""

    def leaves(self, module: str) -> bool:
        """Whether it is computed outside a module, or read outside it."""
        return self.output or any(not within(place, module) for place in (self.module, *self.readers))


def within(module: str | None, outer: str) -> bool:
    """Whether a path is that of a module or of one inside it; None is in none."""
    return module is not None and (module == outer or not outer or module.startswith(f"{outer}."))
