"""One case in the project interpreter: small model, export, validation, result. The only door to the exporters.

Runs in the case's own process, in a directory that goes away with it. What the provider names is found in
`providers.py`; limits and processes are the business of others.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from transformers_export.cases.failure import MAX_FRAMES, cause_of, describe, is_out_of_memory, shown_path
from transformers_export.cases.fault import said
from transformers_export.cases.imports import imported_from
from transformers_export.cases.providers import Subject, find_subject
from transformers_export.onnx.convert import default_opset, export, model_files
from transformers_export.onnx.exporters import ExporterMissingError
from transformers_export.onnx.exporters.remarks import collecting
from transformers_export.onnx.inputs import described as described_inputs
from transformers_export.onnx.locating.types import Located, NotLocated
from transformers_export.onnx.parts import combined, parts_of
from transformers_export.onnx.validation.validate import validate
from transformers_export.tiny import build_model, make_preprocessor, shrink
from transformers_export.verdict.types import CaseError, CaseResult, CheckResult, Divergence
from transformers_export.verdict.types import Located as PlaceInModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transformers_export.cases.types import Case
    from transformers_export.onnx.exporters.remarks import Remark
    from transformers_export.onnx.parts import Part
    from transformers_export.onnx.validation.types import ValidationReport
    from transformers_export.verdict.types import ExporterName, Imported


@dataclass
class _Attempt:
    """What is known so far of one export by one exporter."""

    case: Case
    exporter: ExporterName | Literal["torchscript"]
    imported: tuple[Imported, ...] = ()
    warnings: list[str] = field(default_factory=list)

    def result(self, **facts: Any) -> CaseResult:
        return CaseResult(
            self.case.model_type,
            self.case.feature,
            self.case.target,
            self.exporter,
            imported=self.imported,
            warnings=tuple(self.warnings),
            **facts,
        )

    def failed(self, error: Exception, part: Part, preprocessor: Any, **facts: Any) -> CaseResult:
        own = _own_folders(self.case)
        described = describe(error, own=own)
        calling = _calling(described.operator, part, preprocessor, own) if described.operator else ()
        described = replace(
            described,
            inputs=_given(part, preprocessor),
            frames=tuple(dict.fromkeys((*calling, *described.frames)))[:MAX_FRAMES],
        )
        return self.result(outcome="failed", cause=cause_of(error, own=own), error=described, **facts)

    def suspect(self, report: ValidationReport, remarks: Iterable[Remark]) -> None:
        """Say of a part that does not pass which lines of the model are the likely cause."""
        if not report.passed:
            own = _own_folders(self.case)
            self.warnings += [
                f"Likely cause: {shown_path(one.line.file, own)}:{one.line.number}: {one.said}" for one in remarks
            ]

    def validated(self, report: ValidationReport, **facts: Any) -> CaseResult:
        if isinstance(report.located, NotLocated):
            self.warnings.append(report.located.sentence)
        return self.result(
            outcome="passed" if report.passed else "failed",
            cause=None if report.passed else "change",
            checks=tuple(_check(check) for check in report.checks),
            max_difference=report.max_difference,
            tolerance=report.tolerance,
            located=_place(report.located, self.case) if isinstance(report.located, Located) else None,
            **facts,
        )


def run_case(case: Case) -> CaseResult:
    """Export and validate one case.

    Returns:
        `passed` or `failed`. With the exporter `auto` the second exporter is tried when the first fails, and the
        result says so in a warning.

    Raises:
        Exception: whatever the project's own code raises before there is a model to export.
    """
    subject = find_subject(case)
    if case.target == "torchscript":
        return _trace(case, subject)
    first: ExporterName = "legacy" if case.exporter == "legacy" else "dynamo"
    result = _export(case, subject, first)
    if case.exporter != "auto" or result.outcome == "passed":
        return result
    try:
        second = _export(case, subject, "legacy")
    except ExporterMissingError:
        return result
    warning = f"The dynamo exporter failed; this is the legacy exporter's result. What failed: {said(result)}"
    return replace(second, warnings=(warning, *second.warnings))


def _export(case: Case, subject: Subject, exporter: ExporterName) -> CaseResult:
    """Make the small model anew (an exporter may leave its traces in one), export it, hold it against PyTorch."""
    model, onnx_config = _small(subject)
    attempt = _Attempt(case, exporter, imported_from(case, model, onnx_config))
    opset = case.opset if case.opset is not None else default_opset(onnx_config, exporter)
    if why := _useless(case.atol if case.atol is not None else onnx_config.atol_for_validation):
        return attempt.result(outcome="failed", cause="change", opset=opset, error=CaseError("Tolerance", why))
    reports, files = {}, []
    for part in parts_of(model, onnx_config):
        path = Path(f"{exporter}-{part.name}.onnx").resolve()
        preprocessor = make_preprocessor(part.model.config, part.model)
        try:
            with warnings.catch_warnings(), collecting() as remarks:
                warnings.simplefilter("ignore")
                export(preprocessor, part.model, part.config, opset, path, exporter=exporter)
        except Exception as error:
            if is_out_of_memory(error) or isinstance(error, ExporterMissingError):
                raise  # no fault of the case: `child.py` says so
            return attempt.failed(error, part, preprocessor, opset=opset)
        reports[part.name] = validate(part.config, preprocessor, part.model, path, opset=opset, atol=case.atol)
        attempt.suspect(reports[part.name], remarks)
        files.append(path)
    return attempt.validated(
        combined(reports),
        opset=opset,
        nodes=sum(map(_nodes, files)),
        bytes=sum(file.stat().st_size for path in files for file in model_files(path)),
    )


def _trace(case: Case, subject: Subject) -> CaseResult:
    """Make the small model, trace it, hold the saved file against PyTorch."""
    from transformers_export.torchscript import convert, manifest, validation

    model, onnx_config = _small(subject)
    attempt = _Attempt(case, "torchscript", imported_from(case, model, onnx_config))
    if why := _useless(case.atol if case.atol is not None else onnx_config.atol_for_validation):
        return attempt.result(outcome="failed", cause="change", error=CaseError("Tolerance", why))
    reports, nodes, size = {}, 0, 0
    for part in parts_of(model, onnx_config):
        folder = Path("torchscript", part.name).resolve()
        preprocessor = make_preprocessor(part.model.config, part.model)
        try:
            with warnings.catch_warnings(), collecting() as remarks:
                warnings.simplefilter("ignore")
                traced = convert.export(preprocessor, part.model, part.config, folder)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            return attempt.failed(error, part, preprocessor)
        reports[part.name] = validation.validate(part.config, preprocessor, part.model, folder, atol=case.atol)
        attempt.suspect(reports[part.name], remarks)
        nodes += len(list(traced.module.inlined_graph.nodes()))
        size += manifest.model_file(folder).stat().st_size
    return attempt.validated(combined(reports), nodes=nodes, bytes=size)


def _small(subject: Subject) -> tuple[Any, Any]:
    """The small model and its OnnxConfig."""
    model = build_model(subject.model_class, shrink(subject.config))
    return model, subject.make_onnx_config(model.config)


def _place(located: Located, case: Case) -> PlaceInModel:
    """Copy a place into the verdict's form, with its file as the reader knows it."""
    growth = tuple(Divergence(d.module, d.class_name, d.max_difference, d.share) for d in located.growth)
    return PlaceInModel(
        located.module,
        located.class_name,
        shown_path(located.file, _own_folders(case)) if located.file else "",
        located.line,
        located.operator,
        located.node,
        located.torch_operator,
        located.at,
        located.absent,
        growth,
    )


def _given(part: Part, preprocessor: Any) -> tuple[str, ...]:
    """What the model was given while it was captured; nothing where that is what fails."""
    try:
        return described_inputs(part.config, preprocessor, part.model)
    except Exception:
        return ()


def _calling(operator: str, part: Part, preprocessor: Any, own: list[str]) -> tuple[str, ...]:
    """The line of the model that calls an operator, as a frame: exporters that trace first have lost it."""
    from transformers_export.onnx.locating.operators import line_calling

    try:
        found = line_calling(operator, part.model, part.config, preprocessor)
    except Exception:
        return ()
    return (f"{shown_path(found[0], own)}:{found[1]} in {found[2]}",) if found else ()


def _useless(atol: float) -> str:
    """Say why nothing can be held against a tolerance: everything passes infinity, and NaN compares with nothing."""
    return "" if 0 < atol < math.inf else f"Expected a finite absolute tolerance above zero, got {atol}."


def _check(check: Any) -> CheckResult:
    """Copy a check of the exporter library, which knows nothing of verdicts, into the verdict's form."""
    return CheckResult(check.name, check.outcome, check.figure, check.limit, check.detail)


def _nodes(path: Path) -> int:
    """Count the nodes of the main graph."""
    import onnx

    return len(onnx.load(path, load_external_data=False).graph.node)


def _own_folders(case: Case) -> list[str]:
    return [case.provider.folder] if case.provider.folder else []
