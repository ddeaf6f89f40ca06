"""`validate()`: load a saved trace and hold it against the model, at the traced size and at others."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.flat import prepared
from transformers_export.onnx.inputs import Sizes, template_inputs
from transformers_export.onnx.lengths import uses_past
from transformers_export.onnx.validation import runs as running
from transformers_export.onnx.validation import values
from transformers_export.onnx.validation.crossing import Crossing, crossing
from transformers_export.onnx.validation.names import check_names
from transformers_export.onnx.validation.past import Schedule, check_past, check_past_across
from transformers_export.onnx.validation.tolerance import tolerance_for
from transformers_export.onnx.validation.types import Check, ValidationReport
from transformers_export.torchscript import checks, sizes
from transformers_export.torchscript.loading import TracedModel, load

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger("transformers_export.torchscript")


def validate(
    config: Any,
    preprocessor: Any,
    model: Any,
    path: Path | str,
    *,
    atol: float | None = None,
    max_length: int | None = None,
) -> ValidationReport:
    """Run all checks on a saved trace.

    - `file`: torch loads it and it runs at the traced size.
    - `names`: inputs and outputs are the declared ones, as many as the traced function has.
    - `weights`: tied weights are shared or cloned, as the manifest says.
    - `axes`: it holds at every other size that the model takes. A fixed trace is advice.
    - `values`: its values are the model's, at the traced size, at others, and with padded rows.
    - `padding`: where it is fixed or does not hold, `pad_to` gives the model's values at smaller sizes.
    - `past`: decoding token by token through it gives what one full forward gives.

    Args:
        config: The OnnxConfig it was traced with, or what `declare` gave.
        preprocessor: The one it was traced with; None with `declare`.
        model: The PyTorch model; left as it was.
        path: What `save` wrote.
        atol: Absolute tolerance; the configuration's where None.
        max_length: The longest row that is tried; what time and memory allow where None.

    Raises:
        OSError: The file cannot be read.
        ValueError: The model is in bfloat16, which NumPy does not have.
    """
    if str(model.dtype) == "torch.bfloat16":
        raise ValueError("Values are compared in NumPy, which has no bfloat16: call model.float() first.")
    tolerance = tolerance_for(atol, config.atol_for_validation, str(model.dtype).removeprefix("torch."))
    try:
        traced = load(path)
    except (RuntimeError, ValueError) as error:
        return _unusable(config, f"torch cannot load it: {running.first_line(error)}", tolerance)
    with prepared(model, config) as flat:
        template = template_inputs(config, preprocessor, model)
        subject = running.Subject(config, flat, checks.as_graph(traced), template, tolerance, max_length=max_length)
        return _report(subject, traced)


def log_report(report: ValidationReport) -> None:
    """Log the checks, one a line."""
    for check in report.checks:
        mark = {"passed": "✓", "advice": "!"}.get(check.outcome, "x")
        logger.info("\t-[%s] %s: %s", mark, check.name, check.detail)
    if report.unverified:
        logger.warning("\t-[!] lengths: %s", report.unverified)
    for output in report.outputs:
        if not output.problem:
            figures = f"{output.max_difference:.2e}, {output.share:.1%} of the tolerance {report.tolerance}"
            logger.info('\t- output "%s": max difference %s', output.name, figures)


def _report(subject: running.Subject, traced: TracedModel) -> ValidationReport:
    manifest, flat = traced.manifest, subject.flat
    if problem := checks.check_signature(traced):
        return _unusable(subject.config, problem, subject.atol, "names")
    names = check_names(manifest.input_names, manifest.output_names, flat.input_names, flat.output_names)
    if names.outcome != "passed":
        return _unusable(subject.config, names.detail, subject.atol, "names")
    size = sizes.traced_sizes(manifest)
    across = Crossing() if manifest.fixed else crossing(subject)
    others = (size, *running.planned(subject), *across.shapes)
    asked = sizes.at_traced_shapes(subject.config, size) if manifest.fixed else others
    done, refused = running.run_all(subject, tuple(dict.fromkeys(asked)))
    found = sizes.answers(done, flat.output_names, size, subject.atol)
    outputs = values.compare_outputs(done, flat.output_names, subject.atol)
    needed = 1 if manifest.fixed else values.SHAPES_NEEDED
    axes = checks.check_axes(subject.config, manifest, done, found)
    made = [
        _check_file(found, manifest.target),
        names,
        checks.check_weights(traced),
        axes,
        values.check_values(subject.config, done, refused, outputs, subject.atol, needed=needed),
    ]
    if manifest.fixed or axes.outcome == "failed":
        made.append(checks.check_padding(subject, traced, size))
    if uses_past(subject.config):
        fixed = check_past(subject, _schedule(traced, size)) if manifest.fixed else None
        made.append(fixed or check_past_across(subject, across.decoded))
    differences = [output.max_difference for output in outputs if not output.problem]
    largest = max(differences, default=None)
    return ValidationReport(tuple(made), outputs, largest, subject.atol, unverified=across.remark)


def _check_file(found: tuple[sizes.Answer, ...], target: str) -> Check:
    refusals = [answer.run.refusal for answer in found if answer.traced and answer.run.refusal]
    if refusals:
        return Check("file", "failed", f"it does not run at the traced size: {refusals[0]}")
    if not any(answer.traced for answer in found):
        return Check("file", "failed", "PyTorch itself does not take the traced size")
    return Check("file", "passed", "torch loads it" if target == "torchscript" else "torch loads it with Neuron's SDK")


def _schedule(traced: TracedModel, size: Sizes) -> Schedule:
    """What a fixed trace can decode: one step of the traced length, after a past of the traced length."""
    decoder = "decoder" in traced.manifest.lengths()
    step, encoder = (size.decoder, size.sequence) if decoder else (size.sequence, None)
    return Schedule(batch=size.batch, encoder=encoder, prefill=size.past, ways=((step,),), through_graph=False)


def _unusable(config: Any, problem: str, tolerance: float, check: str = "file") -> ValidationReport:
    """One failed check, and the others that could not be asked."""
    names = ["file", "names", "weights", "axes", "values", *(["past"] if uses_past(config) else [])]
    rest = [Check(name, "not-run", f"{check} failed") for name in names if name != check]
    return ValidationReport((Check(check, "failed", problem, 1.0, 0.0), *rest), (), None, tolerance)
