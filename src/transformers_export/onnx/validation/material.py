"""What checks look at: the file as it was read, and what it did beside the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.graph import opset_of
from transformers_export.onnx.validation.runs import Run, Subject, first_line, open_session

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.onnx.validation.types import OutputComparison


@dataclass(frozen=True)
class GraphFile:
    """An ONNX file, read and loaded."""

    path: Path
    opset: int
    """The one that was asked for; the file's own where nobody asked."""
    graph: Any
    """The file as an onnx_ir model."""
    session: Any | None
    """ONNX Runtime's; None where it could not load the file."""
    load_error: str
    """What ONNX Runtime said then."""

    @property
    def names(self) -> tuple[list[str], list[str]]:
        """Names of inputs and outputs, in the graph's order."""
        return [value.name for value in self.graph.graph.inputs], [value.name for value in self.graph.graph.outputs]


@dataclass(frozen=True)
class Observed:
    """What the graph and the model did side by side."""

    file: GraphFile
    subject: Subject
    runs: tuple[Run, ...]
    refused: tuple[str, ...]
    """A sentence for each size that PyTorch itself did not take."""
    outputs: tuple[OutputComparison, ...]


def read(path: Path, opset: int | None) -> GraphFile:
    """Read a file and load it in ONNX Runtime.

    Raises:
        OSError: The file cannot be read.
    """
    import onnx_ir

    graph = onnx_ir.load(path)
    asked = opset if opset is not None else opset_of(graph)
    try:
        return GraphFile(path, asked, graph, open_session(path), "")
    except Exception as error:  # they share no base class of their own
        return GraphFile(path, asked, graph, None, first_line(error))
