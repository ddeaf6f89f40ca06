"""`python -m transformers_export.onnx validate MODEL.onnx --model CHECKPOINT`: a file that somebody else exported."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.packages import require_packages
from transformers_export.onnx.refusals import WrongUseError
from transformers_export.onnx.stages import (
    add_loading_arguments,
    checkpoint_of,
    import_modules,
    shown_log,
    stage,
    tolerance,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.onnx.validation.types import ValidationReport

logger = logging.getLogger("transformers_export.onnx")

_GOOD, _WRONG, _WRONG_USE, _INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when the file computes what the model computes, 1 when it does not, 2 for wrong use, 130 when interrupted.
    """
    given = _parser().parse_args(argv)
    try:
        with shown_log(logger.name, verbose=given.verbose):
            return _run(given)
    except WrongUseError as error:
        print(f"error: {error}", file=sys.stderr)
        return _WRONG_USE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transformers_export.onnx validate",
        description="Check that an ONNX file, from whatever exporter, computes what a transformers checkpoint does.",
    )
    parser.add_argument("file", type=Path, metavar="MODEL.onnx", help="the file")
    parser.add_argument("-m", "--model", required=True, help="hub id or directory of the checkpoint")
    parser.add_argument(
        "--feature",
        default="default",
        help="what it was exported for; with past or without is read off the file (default: %(default)s)",
    )
    parser.add_argument("--atol", type=tolerance, help="absolute tolerance (default: the configuration's)")
    add_loading_arguments(parser)
    return parser


def _run(given: argparse.Namespace) -> int:
    require_packages("torch", "onnx", "onnxruntime", "onnx_ir")
    from transformers_export.onnx import adapters, checkpoint
    from transformers_export.onnx.parts import parts_of

    with stage("Reading the checkpoint's configuration"):
        source = checkpoint_of(given)
        inputs = _inputs_of(given.file)
        import_modules(tuple(given.modules))
        source = adapters.on_base(source)
        config = checkpoint.read_configuration(source)
        feature = _feature(config, given.feature, inputs)
        make_onnx_config = checkpoint.require_feature(config, feature)
        checkpoint.say_contract(source, config, feature, checkpoint.declare(make_onnx_config, config))
        checkpoint.require_weights(source)
    with stage("Loading the model"):
        preprocessors = checkpoint.load_preprocessors(source, given.preprocessor, feature, make_onnx_config(config))
        model = checkpoint.load_model(source, feature, opset=None, keeps_float64=_is_float64(given.file))
        parts = list(zip(parts_of(model, make_onnx_config(model.config)), preprocessors, strict=True))
        part, preprocessor = max(parts, key=lambda each: len(set(inputs) & set(each[0].config.inputs)))
    with stage("Validating"):
        report = _validate(part.config, preprocessor, part.model, given.file, given.atol, given.max_length)
    wrong = [check for check in report.checks if check.outcome in ("failed", "not-run")]
    if wrong:
        said = "; ".join(f"{check.name} {check.outcome}: {check.detail}" for check in wrong)
        logger.error("%s does not compute what %s computes for %s: %s", given.file, given.model, feature, said)
        return _WRONG
    logger.info("All good: %s computes what %s computes for %s", given.file, given.model, feature)
    return _GOOD


def _validate(
    onnx_config: Any, preprocessor: Any, model: Any, file: Path, atol: float | None, max_length: int | None
) -> ValidationReport:
    from transformers_export.onnx.flat import OutputMissingError
    from transformers_export.onnx.validation.validate import log_report, validate_foreign

    try:
        report = validate_foreign(onnx_config, preprocessor, model, file, atol=atol, max_length=max_length)
    except OutputMissingError as error:
        raise WrongUseError(f"{file} has outputs that the model does not give for this feature. {error}") from error
    log_report(report)
    return report


def _inputs_of(file: Path) -> list[str]:
    """Names of the file's inputs.

    Raises:
        WrongUseError: There is no such file, or it is not an ONNX file.
    """

    import onnx

    try:
        model = onnx.load(file, load_external_data=False)
    except OSError as error:
        raise WrongUseError(f"Cannot read {file}: {error.strerror or error}. Expected an ONNX file.") from error
    except Exception as error:  # protobuf's own
        raise WrongUseError(f"{file} is not an ONNX file: {error}") from error
    if not model.ir_version:
        raise WrongUseError(f"{file} is not an ONNX file: it names no version of the format.")
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    return [value.name for value in graph.input if value.name not in weights]


def _is_float64(file: Path) -> bool:
    """Tell whether the file gives float64, so that it is held against a model that does."""
    import onnx

    outputs = onnx.load(file, load_external_data=False).graph.output
    return any(value.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE for value in outputs)


def _feature(config: Any, asked: str, inputs: Sequence[str]) -> str:
    from transformers_export.onnx.features import FeaturesManager
    from transformers_export.onnx.foreign import feature_for
    from transformers_export.onnx.tasks import feature_named

    asked = feature_named(asked, FeaturesManager.features_of(config.model_type))
    feature = feature_for(asked, FeaturesManager.features_of(config.model_type), inputs)
    if feature != asked:
        logger.info(
            "The file is for %s: %s past key values.", feature, "it takes" if "past" in feature else "it has no"
        )
    return feature
