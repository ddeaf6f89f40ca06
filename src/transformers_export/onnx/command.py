"""The export command: flags, stages and log lines of `python -m transformers.onnx`, with the difference added.

Everything that can be refused is refused before a weight is loaded. The file gets its name only when validation passed.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers_export.closed_pipe import until_unread
from transformers_export.model_code import is_our_bug
from transformers_export.onnx import exporters, lean_imports
from transformers_export.onnx.alone import settle
from transformers_export.onnx.packages import require_packages
from transformers_export.onnx.refusals import WrongUseError
from transformers_export.onnx.stages import (
    OUR_BUG,
    add_loading_arguments,
    checkpoint_of,
    import_modules,
    require_writable,
    shown_error,
    shown_log,
    stage,
    tolerance,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.onnx.checkpoint import Checkpoint
    from transformers_export.onnx.exporters import ExporterName
    from transformers_export.onnx.parts import Part

    Subject = tuple[Part, Any, Path]
    """A graph to make, what makes its example inputs, and where its file goes."""

logger = logging.getLogger("transformers_export.onnx")

_PACKAGES = ("torch", "onnx", "onnxruntime", "onnx_ir")
_PASSED, _FAILED, _WRONG_USE, _INTERRUPTED = 0, 1, 2, 130
_PLANS: dict[str, tuple[ExporterName, ...]] = {
    "dynamo": ("dynamo",),
    "legacy": ("legacy",),
    "both": ("dynamo", "legacy"),
    "auto": ("dynamo", "legacy"),
}


@dataclass(frozen=True)
class Request:
    """What the command line asked for."""

    source: Checkpoint
    feature: str
    output: Path
    """Path of the model file; the two of an encoder-decoder lie beside it, under names of their own."""
    opset: int | None
    atol: float | None
    exporter: str
    preprocessor: str
    modules: tuple[str, ...] = ()
    """Modules to import first: they register models of their own."""
    verbose: bool = False
    """Show errors whole."""
    max_length: int | None = None
    """The longest row that validation tries; what time and memory allow where None."""


def main(argv: Sequence[str] | None = None, *, alone: bool = False) -> int:
    """Run the command, or `validate` where that is the first word.

    Args:
        argv: The arguments; those of the process where None.
        alone: The process does nothing else, so that it may be set up for this one export; see `alone.py`.

    Returns:
        0 when the export is good, 1 when it failed or does not match, 2 for wrong use, 130 when interrupted, 141 when
        nobody reads what it prints.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    return until_unread(lambda: _main(words, alone=alone))


def _main(words: list[str], *, alone: bool) -> int:
    if words[:1] == ["validate"]:
        from transformers_export.onnx import validate_command

        return validate_command.main(words[1:])
    request = parse(words)
    try:
        with shown_log(logger.name, verbose=request.verbose):
            return _run(request, alone=alone)
    except WrongUseError as error:
        print(f"error: {error}", file=sys.stderr)
        return _WRONG_USE
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        return _INTERRUPTED


def parse(argv: Sequence[str] | None = None) -> Request:
    """Read the arguments; argparse itself ends the process with 2 when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m transformers_export.onnx",
        description="Export a transformers checkpoint to ONNX and check that the graph computes what the model does.",
        epilog="`validate MODEL.onnx --model CHECKPOINT` checks a file that is there already, from whatever exporter.",
    )
    parser.add_argument("-m", "--model", required=True, help="hub id or directory of the checkpoint")
    parser.add_argument(
        "--feature",
        default="default",
        help="what to export the model for; optimum's task names are understood (default: %(default)s)",
    )
    parser.add_argument("--opset", type=int, help="ONNX opset to write (default: the configuration's, 18)")
    parser.add_argument(
        "--atol", type=tolerance, help="absolute tolerance (default: the configuration's, or that of float16)"
    )
    parser.add_argument(
        "--exporter",
        choices=sorted(_PLANS),
        default="dynamo",
        help="how to capture the graph; auto tries legacy when dynamo fails and says so, both must agree with PyTorch "
        "and dynamo's file is kept (default: %(default)s)",
    )
    add_loading_arguments(parser)
    parser.add_argument(
        "output",
        type=Path,
        help="directory for model.onnx, or a path that ends in .onnx; an encoder and a decoder that are models of "
        "their own are written as encoder_model.onnx and decoder_model.onnx",
    )
    given = parser.parse_args(argv)
    is_file = given.output.suffix == ".onnx" and not given.output.is_dir()
    output = given.output if is_file else given.output / "model.onnx"
    return Request(
        checkpoint_of(given),
        given.feature,
        output,
        given.opset,
        given.atol,
        given.exporter,
        given.preprocessor,
        tuple(given.modules),
        given.verbose,
        given.max_length,
    )


def _run(request: Request, *, alone: bool) -> int:
    require_packages(*_PACKAGES, *(("onnxscript",) if "dynamo" in _PLANS[request.exporter] else ()))
    if alone and _PLANS[request.exporter] == ("legacy",) and not request.modules:
        lean_imports.import_modeling()
    from transformers_export.onnx import adapters, checkpoint
    from transformers_export.onnx.parts import parts_of

    with stage("Reading the checkpoint's configuration"):
        require_writable(request.output)
        import_modules(request.modules)
        request = replace(request, source=adapters.on_base(request.source))
        config = checkpoint.read_configuration(request.source)
        request = replace(request, feature=checkpoint.feature_named(config, request.feature))
        make_onnx_config = checkpoint.require_feature(config, request.feature)
        onnx_config = checkpoint.declare(make_onnx_config, config)
        checkpoint.say_contract(request.source, config, request.feature, onnx_config)
        _require_exporters(request, onnx_config)
        checkpoint.require_weights(request.source)
    with stage("Loading the model"):
        preprocessors = checkpoint.load_preprocessors(
            request.source, request.preprocessor, request.feature, onnx_config
        )
        model = checkpoint.load_model(request.source, request.feature, opset=request.opset)
    if alone:
        settle(model)
    parts = parts_of(model, make_onnx_config(model.config))
    for part, preprocessor in zip(parts, preprocessors, strict=True):
        _say_dropped(part.config, preprocessor)
        _say_overridden(part.config, part.model)
    outputs = [request.output] if len(parts) == 1 else [request.output.with_name(f"{part.name}.onnx") for part in parts]
    return _export_all(request, list(zip(parts, preprocessors, outputs, strict=True)))


def _export_all(request: Request, subjects: Sequence[Subject]) -> int:
    """Try the exporters of the plan; the first good files are kept, where all that were asked for made such."""
    from transformers_export.onnx.convert import move_files

    plan = _PLANS[request.exporter]
    with tempfile.TemporaryDirectory(prefix=".export-", dir=request.output.parent) as folder:
        problems: dict[ExporterName, str] = {}
        for exporter in plan:
            directory = Path(folder) / exporter
            directory.mkdir()
            problems[exporter] = next(
                (
                    problem
                    for part, preprocessor, output in subjects
                    if (problem := _export_one(request, part, preprocessor, exporter, directory / output.name))
                ),
                "",
            )
            if request.exporter == "auto" and not problems[exporter]:
                break
            if request.exporter == "auto" and exporter != plan[-1]:
                logger.warning("The %s exporter failed; trying the legacy exporter.", exporter)
        good = [exporter for exporter, problem in problems.items() if not problem]
        if request.exporter == "both" and len(good) == 1:
            ends = (f"{exporter} {'fails' if problem else 'passes'}" for exporter, problem in problems.items())
            logger.error("The exporters disagree: %s.", ", ".join(ends))
        if not good or (request.exporter != "auto" and len(good) < len(plan)):
            return _FAILED
        for _, _, output in subjects:
            move_files(Path(folder) / good[0] / output.name, output)
    for exporter, problem in problems.items():
        if problem:
            logger.warning("The file is the %s exporter's. The %s exporter failed: %s", good[0], exporter, problem)
    logger.info("All good, model saved at: %s", ", ".join(output.as_posix() for _, _, output in subjects))
    return _PASSED


def _export_one(request: Request, part: Part, preprocessor: Any, exporter: ExporterName, path: Path) -> str:
    """Export and validate one graph. Returns what is wrong with it, in a line; nothing where it is good."""
    from transformers_export.onnx.convert import default_opset, export
    from transformers_export.onnx.exporters.remarks import collecting
    from transformers_export.onnx.validation.validate import ValidationError, validate_model_outputs

    opset = request.opset if request.opset is not None else default_opset(part.config, exporter)
    what = request.feature if part.name == "model" else f"{request.feature}, {part.name},"
    try:
        with stage(f"Exporting {what} with the {exporter} exporter, opset {opset}"), collecting() as remarks:
            _, outputs = export(preprocessor, part.model, part.config, opset, path, exporter=exporter)
        with stage("Validating"):
            longest = request.max_length
            validate_model_outputs(
                part.config, preprocessor, part.model, path, outputs, request.atol, max_length=longest
            )
    except ValidationError as error:
        logger.error("The export does not match: %s", error)
        for remark in remarks:
            logger.error("Likely cause: %s", remark)
        return str(error)
    except Exception as error:
        logger.debug("The export failed", exc_info=True)
        logger.error("The %s exporter failed: %s", exporter, shown_error(error, verbose=request.verbose))
        if is_our_bug(error):
            logger.error(OUR_BUG)
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


def _require_exporters(request: Request, onnx_config: Any) -> None:
    """Every exporter of the plan must be there and able to write the opset; with `auto`, one of them."""
    from transformers_export.onnx.convert import OpsetError, check_opset, default_opset

    refusals = []
    plan = _PLANS[request.exporter]
    for exporter in plan:
        try:
            check_opset(request.opset if request.opset is not None else default_opset(onnx_config, exporter), exporter)
        except OpsetError as error:  # noqa: PERF203  (two turns at most)
            refusals.append(str(error))
    if len(refusals) == len(plan) or (refusals and request.exporter != "auto"):
        raise WrongUseError(" ".join(refusals))
    if "legacy" in plan and request.exporter != "auto":
        try:
            exporters.find("legacy")
        except exporters.ExporterMissingError as error:
            raise WrongUseError(str(error)) from error


def _say_dropped(onnx_config: Any, preprocessor: Any) -> None:
    from transformers_export.onnx.inputs import dropped_inputs

    dropped = dropped_inputs(onnx_config, preprocessor)
    if dropped:
        logger.info("The graph does not take %s, which the preprocessor makes.", ", ".join(dropped))


def _say_overridden(onnx_config: Any, model: Any) -> None:
    """What the graph computes is the model under these values; a cache in or out of it is the feature's business."""
    for key, value in (onnx_config.values_override or {}).items():
        before = getattr(model.config, key, None)
        if key != "use_cache" and value != before:
            logger.info("The graph is made with %s=%r; the checkpoint has %r.", key, value, before)
