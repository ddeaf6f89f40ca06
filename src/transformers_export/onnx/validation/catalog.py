"""The checks of an ONNX file, by name and in the order they are reported. Each is asked in the file named after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.lengths import uses_past
from transformers_export.onnx.validation.axes import check_axes
from transformers_export.onnx.validation.checker import check_file
from transformers_export.onnx.validation.data import check_data
from transformers_export.onnx.validation.effect import check_effect
from transformers_export.onnx.validation.element_types import check_types
from transformers_export.onnx.validation.names import check_names
from transformers_export.onnx.validation.past import check_past_across
from transformers_export.onnx.validation.types import Check
from transformers_export.onnx.validation.values import check_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers_export.onnx.validation.material import GraphFile, Observed


@dataclass(frozen=True)
class FileCheck:
    """A question to the file alone."""

    name: str
    ask: Callable[[GraphFile], Check]


@dataclass(frozen=True)
class RunCheck:
    """A question to what the graph and the model did side by side."""

    name: str
    ask: Callable[[Observed], Check]
    applies: Callable[[Any], bool] = lambda config: True
    """Whether a configuration has what is asked about."""


def _names(file: GraphFile) -> Check:
    check = check_names(file.inputs, file.outputs, file.declared_inputs, file.declared_outputs)
    if check.outcome == "passed" and file.differences:
        return Check("names", "advice", "; ".join(file.differences), figure=0.0, limit=0.0)
    return check


def _axes(seen: Observed) -> Check:
    return check_axes(seen.subject, seen.file.graph, seen.runs)


def _values(seen: Observed) -> Check:
    check = check_values(seen.subject.config, seen.runs, seen.refused, seen.outputs, seen.subject.atol)
    return replace(check, detail="; ".join(filter(None, (seen.crossing.remark, check.detail))))


def _past(seen: Observed) -> Check:
    return check_past_across(seen.subject, seen.crossing.decoded)


CATALOG: tuple[FileCheck | RunCheck, ...] = (
    FileCheck("checker", check_file),
    FileCheck("data", check_data),
    FileCheck("names", _names),
    RunCheck("types", check_types),
    RunCheck("axes", _axes),
    RunCheck("values", _values),
    RunCheck("effect", check_effect),
    RunCheck("past", _past, uses_past),
)
