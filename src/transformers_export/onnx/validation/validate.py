"""`validate()` runs every check and reports; `validate_model_outputs()` is its transformers.onnx face, which raises."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.flat import prepared
from transformers_export.onnx.inputs import template_inputs
from transformers_export.onnx.validation import catalog, material, runs, values
from transformers_export.onnx.validation.material import GraphFile, Observed
from transformers_export.onnx.validation.tolerance import tolerance_for
from transformers_export.onnx.validation.types import Check, OutputComparison, ValidationReport

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    atol: float,
) -> None:
    """Validate an exported file and log what was found, line by line, as transformers.onnx did.

    Args:
        config: The OnnxConfig it was exported with.
        preprocessor: The one it was exported with.
        reference_model: The PyTorch model.
        onnx_model: Path of the file.
        onnx_named_outputs: The outputs it should have; more or fewer than declared is an error.
        atol: Absolute tolerance for outputs of size one or less.

    Raises:
        ValidationError: A check failed or could not run.
    """
    logger.info("Validating ONNX model...")
    report = validate(config, preprocessor, reference_model, Path(onnx_model), atol=atol)
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
) -> ValidationReport:
    """Run all checks of `catalog.py` on an exported file.

    Args:
        config: The OnnxConfig it was exported with.
        preprocessor: The one it was exported with.
        model: The PyTorch model; left as it was.
        onnx_path: Path of the file.
        opset: The opset it should have; None takes the file's word.
        atol: Absolute tolerance; the configuration's where None.
        seed: What values of inputs are drawn from; the report is the same for the same seed.

    Raises:
        OSError: The file cannot be read.
    """
    tolerance = tolerance_for(atol, config.atol_for_validation, _dtype_name(model))
    questions = [check for check in catalog.CATALOG if isinstance(check, catalog.RunCheck) and check.applies(config)]
    model.to("cpu")
    with prepared(model, config) as flat:
        file = material.read(onnx_path, opset, flat.input_names, flat.output_names)
        checks = [check.ask(file) for check in catalog.CATALOG if isinstance(check, catalog.FileCheck)]
        if file.unusable:
            checks += [Check(check.name, "not-run", file.unusable) for check in questions]
            return ValidationReport(tuple(checks), (), None, tolerance)
        template = template_inputs(config, preprocessor, model.dtype)
        subject = runs.Subject(config, flat, partial(runs.run_graph, file.session), template, tolerance, seed)
        seen = _observe(file, subject)
        checks += [check.ask(seen) for check in questions]
    differences = [output.max_difference for output in seen.outputs if not output.problem]
    return ValidationReport(tuple(checks), seen.outputs, max(differences, default=None), tolerance)


def _observe(file: GraphFile, subject: runs.Subject) -> Observed:
    done, refused = runs.run_all(subject, runs.planned(subject))
    outputs = values.compare_outputs(done, subject.flat.output_names, subject.atol)
    return Observed(file, subject, tuple(done), tuple(refused), outputs)


def log_report(report: ValidationReport) -> None:
    """Log the checks: names, then each output with its shapes and values, then the rest."""
    by_name = {check.name: check for check in report.checks}
    names = [output.name for output in report.outputs]
    if by_name["names"].outcome == "passed":
        logger.info("\t-[✓] ONNX model output names match reference model (%s)", ", ".join(names))
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


def _dtype_name(model: Any) -> str:
    return str(getattr(model, "dtype", "float32")).removeprefix("torch.")
