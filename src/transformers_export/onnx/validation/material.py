"""What checks look at: the file as it was read, and what it did beside the model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.graph import opset_of
from transformers_export.onnx.validation.runs import Run, Subject, first_line, open_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transformers_export.onnx.validation.crossing import Crossing
    from transformers_export.onnx.validation.types import OutputComparison


@dataclass(frozen=True)
class GraphFile:
    """An ONNX file, read and loaded."""

    path: Path
    opset: int
    """The one that was asked for; the file's own where nobody asked."""
    graph: Any
    """The file as an onnx_ir model; large weights stay in the file until somebody asks for them."""
    session: Any | None
    """ONNX Runtime's; None where it could not load the file."""
    load_error: str
    """What ONNX Runtime said then."""
    declared_inputs: tuple[str, ...] = ()
    """Names that the configuration declares, in the order of `forward()`."""
    declared_outputs: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    """What a file that another exporter wrote has otherwise than ours, a sentence each."""
    instead: str = ""
    """What was run in place of the file, where ONNX Runtime cannot compute in its types."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Element types of the model's inputs and outputs then, by declared name."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the graph's inputs, in its order."""
        return tuple(value.name for value in self.graph.graph.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the graph's outputs, in its order."""
        return tuple(value.name for value in self.graph.graph.outputs)

    @property
    def unusable(self) -> str:
        """Why the graph cannot be run at all; empty where it can."""
        if self.session is None:
            return "ONNX Runtime cannot load the file"
        unknown = [name for name in self.inputs if name not in self.declared_inputs]
        return f"the graph takes {', '.join(unknown)}, which the configuration does not declare" if unknown else ""


@dataclass(frozen=True)
class Observed:
    """What the graph and the model did side by side."""

    file: GraphFile
    subject: Subject
    runs: tuple[Run, ...]
    refused: tuple[str, ...]
    """A sentence for each size that PyTorch itself did not take."""
    outputs: tuple[OutputComparison, ...]
    stored: GraphFile
    """What lies on the disk; `file`, but where another was run in its place."""
    crossing: Crossing
    """Which lengths of the configuration were crossed."""


def load(path: Path) -> GraphFile:
    """Read a file and load it in ONNX Runtime. Nothing is declared and its own opset is the asked one.

    Raises:
        OSError: The file cannot be read.
    """
    from transformers_export.onnx import files

    message = files.read_message(path)
    graph = files.graph_of(message, path.parent)
    try:
        session, error = open_session(message, path.parent), ""
    except Exception as refusal:  # they share no base class of their own
        session, error = None, first_line(refusal)
    return GraphFile(path, opset_of(graph), graph, session, error)


def with_stored(run: GraphFile, path: Path, why: str, kinds: Mapping[str, str]) -> GraphFile:
    """What lies on the disk at `path`, where something else was `run` in its place, and `why`; see `GraphFile.kinds`.

    Raises:
        OSError: The file cannot be read.
    """
    from transformers_export.onnx import files

    return replace(run, path=path, graph=files.read(path), instead=why, kinds=kinds)
