"""`validate()` runs every check and reports; `validate_model_outputs()` is its transformers.onnx face, which raises."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers_export.onnx import foreign
from transformers_export.onnx.flat import FlatModel, prepared
from transformers_export.onnx.inputs import declared_inputs, example_inputs
from transformers_export.onnx.validation import catalog, material, runs, values, widening
from transformers_export.onnx.validation.crossing import crossing
from transformers_export.onnx.validation.material import GraphFile, Observed
from transformers_export.onnx.validation.tolerance import tolerance_for
from transformers_export.onnx.validation.types import Check, OutputComparison, ValidationReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.onnx.locating.types import Located, NotLocated

logger = logging.getLogger("transformers_export.onnx")


class ValidationError(ValueError):
    """The export does not keep its contract. `report` holds every check."""

    def __init__(self, report: ValidationReport) -> None:
        self.report = report
        failed = [check for check in report.checks if check.outcome in ("failed", "not-run")]
        super().__init__("; ".join(f"{check.name} {check.outcome}: {check.detail}" for check in failed))


def validate_model_outputs(
    config: Any,
    preprocessor: Any,
    reference_model: Any,
    onnx_model: Path,
    onnx_named_outputs: Sequence[str],
    atol: float | None,
    *,
    max_length: int | None = None,
) -> None:
    """Validate an exported file and log what was found, line by line, as transformers.onnx did.

    Args:
        config: The OnnxConfig it was exported with.
        preprocessor: The one it was exported with.
        reference_model: The PyTorch model.
        onnx_model: Path of the file.
        onnx_named_outputs: The outputs it should have; more or fewer than declared is an error.
        atol: Absolute tolerance for outputs of size one or less. None takes the configuration's, or that of the model's
            element type where it is larger.
        max_length: The longest row that is tried; see `validate`.

    Raises:
        ValidationError: A check failed or could not run.
    """
    logger.info("Validating ONNX model...")
    report = validate(config, preprocessor, reference_model, Path(onnx_model), atol=atol, max_length=max_length)
    unexpected = set(onnx_named_outputs) ^ set(config.outputs)
    if unexpected:
        raise ValueError(f"Outputs asked for and outputs declared differ in {sorted(unexpected)}.")
    log_report(report)
    if not report.passed:
        raise ValidationError(report)


def validate(
    config: Any,
    preprocessor: Any,
    model: Any,
    onnx_path: Path,
    *,
    opset: int | None = None,
    atol: float | None = None,
    seed: int = 0,
    max_length: int | None = None,
) -> ValidationReport:
    """Run all checks of `catalog.py` on an exported file.

    Args:
        config: The OnnxConfig it was exported with.
        preprocessor: The one it was exported with.
        model: The PyTorch model; left as it was.
        onnx_path: Path of the file.
        opset: The opset it should have; None takes the file's word.
        atol: Absolute tolerance; None takes the configuration's, or that of the element type where it is larger.
        seed: What values of inputs are drawn from; the report is the same for the same seed.
        max_length: The longest row that is tried where the model computes something else beyond a length; what 30 s
            and the free memory allow where None.

    Raises:
        OSError: The file cannot be read.
    """
    model.to("cpu")
    tolerance = tolerance_for(atol, config.atol_for_validation, _dtype_of(model))
    with widening.in_float32(model, onnx_path) as (reference, runnable), prepared(reference, config) as flat:
        read = material.load(runnable)
        file = replace(
            read,
            opset=opset if opset is not None else read.opset,
            declared_inputs=flat.input_names,
            declared_outputs=flat.output_names,
        )
        stored = file
        if runnable != onnx_path:
            kinds = widening.own_kinds(model, config, preprocessor)
            stored = material.with_stored(file, onnx_path, widening.SAID, kinds)
        graph = partial(runs.run_graph, file.session)
        return _report(stored, file, graph, flat, config, preprocessor, tolerance, seed, max_length)


def validate_foreign(
    config: Any,
    preprocessor: Any,
    model: Any,
    onnx_path: Path,
    *,
    atol: float | None = None,
    seed: int = 0,
    max_length: int | None = None,
) -> ValidationReport:
    """Run all checks on a file that another exporter wrote; other names and axes are advice (see `foreign.py`).

    Args:
        config: The OnnxConfig that would export this model.
        preprocessor: What makes its inputs.
        model: The PyTorch model; left as it was.
        onnx_path: Path of the file.
        atol: Absolute tolerance; None takes the configuration's, or that of the element type where it is larger.
        seed: What values of inputs are drawn from.
        max_length: The longest row that is tried; what time and memory allow where None.

    Raises:
        OSError: The file cannot be read.
        OutputMissingError: The file has an output that the model does not return.
    """
    model.to("cpu")
    read = material.load(onnx_path)
    merged = foreign.take_branch(read.graph.graph)
    fitted = foreign.fit(read.graph.graph, config, model)
    foreign.adopt(read.graph.graph, fitted)
    file = replace(
        read, declared_inputs=read.inputs, declared_outputs=read.outputs, differences=(*merged, *fitted.differences)
    )
    graph = partial(foreign.run_renamed, partial(runs.run_graph, file.session), fitted.names)
    tolerance = tolerance_for(atol, fitted.config.atol_for_validation, _dtype_of(model))
    with prepared(fitted.model, fitted.config) as flat:
        return _report(file, file, graph, flat, fitted.config, preprocessor, tolerance, seed, max_length)


def _dtype_of(model: Any) -> str:
    return str(model.dtype).removeprefix("torch.")


def _report(
    stored: GraphFile,
    file: GraphFile,
    graph: runs.Graph,
    flat: FlatModel,
    config: Any,
    preprocessor: Any,
    tolerance: float,
    seed: int,
    max_length: int | None,
) -> ValidationReport:
    """Ask the file as it is `stored` about itself, and `file`, what was run of it, beside the model."""
    questions = [check for check in catalog.CATALOG if isinstance(check, catalog.RunCheck) and check.applies(config)]
    checks = [check.ask(stored) for check in catalog.CATALOG if isinstance(check, catalog.FileCheck)]
    if file.unusable:
        checks += [Check(check.name, "not-run", file.unusable) for check in questions]
        return ValidationReport(tuple(checks), (), None, tolerance)
    made = example_inputs(config, preprocessor, flat.model)
    template = declared_inputs(config, made)
    undeclared = {name: tensor for name, tensor in made.items() if name not in template}
    seen = _observe(stored, file, runs.Subject(config, flat, graph, template, tolerance, seed, undeclared, max_length))
    checks += [check.ask(seen) for check in questions]
    located = _locate(seen) if any(c.name == "values" and c.outcome == "failed" for c in checks) else None
    differences = [output.max_difference for output in seen.outputs if not output.problem]
    return ValidationReport(
        tuple(checks), seen.outputs, max(differences, default=None), tolerance, located, seen.crossing.remark
    )


def _observe(stored: GraphFile, file: GraphFile, subject: runs.Subject) -> Observed:
    across = crossing(subject)
    done, refused = runs.run_all(subject, (*runs.planned(subject), *across.shapes))
    outputs = values.compare_outputs(done, subject.flat.output_names, subject.atol)
    return Observed(file, subject, tuple(done), tuple(refused), outputs, stored, across)


def _locate(seen: Observed) -> Located | NotLocated | None:
    """Where values begin to differ. A failure to find it must not hide the failure that is looked into."""
    from transformers_export.onnx.locating.locate import locate  # only where something is wrong
    from transformers_export.onnx.locating.types import NotLocated

    try:
        return locate(seen.subject, seen.file.graph, seen.file.path, seen.runs)
    except Exception as error:  # models run under watch, and anything may not bear that
        return NotLocated(runs.first_line(error))


def log_report(report: ValidationReport) -> None:
    """Log the checks: names, then each output with its shapes and values, then the rest."""
    by_name = {check.name: check for check in report.checks}
    names = [output.name for output in report.outputs]
    if by_name["names"].outcome == "passed":
        logger.info("\t-[✓] ONNX model output names match reference model (%s)", ", ".join(names))
    elif by_name["names"].outcome == "advice":
        logger.info("\t-[!] names: %s", by_name["names"].detail)
    else:
        logger.info("\t-[x] ONNX model names do not match the declared ones: %s", by_name["names"].detail)
    for output in report.outputs:
        _log_output(output, report.tolerance)
    for check in report.checks:
        if check.name not in ("names", "values"):
            mark = {"passed": "✓", "advice": "!"}.get(check.outcome, "x")
            logger.info("\t-[%s] %s: %s", mark, check.name, check.detail)
    if by_name["values"].outcome == "not-run":
        logger.info("\t-[x] values not compared: %s", by_name["values"].detail)
    if report.unverified:
        logger.warning("\t-[!] lengths: %s", report.unverified)
    if report.located is not None:
        logger.info("\t-[x] %s", report.located.sentence)


def _log_output(output: OutputComparison, atol: float) -> None:
    logger.info('\t- Validating ONNX Model output "%s":', output.name)
    if output.problem:
        logger.info("\t\t-[x] %s", output.problem)
        return
    for shape in output.shapes:
        logger.info("\t\t-[✓] %s matches %s", shape, shape)
    figures = f"atol: {atol}, max difference: {output.max_difference:.2e}, {output.share:.1%} of the tolerance"
    if output.share <= 1:
        logger.info("\t\t-[✓] all values close (%s)", figures)
    else:
        logger.info("\t\t-[x] values not close enough (%s)", figures)
