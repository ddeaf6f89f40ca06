"""The command `python -m transformers_export.torchscript`: trace a checkpoint, validate the file, then name it.

Everything that can be refused is refused before a weight is loaded.
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
    from collections.abc import Mapping, Sequence

    from transformers_export.onnx.checkpoint import Checkpoint
    from transformers_export.onnx.inputs import Sizes

logger = logging.getLogger("transformers_export.torchscript")

_PASSED, _FAILED, _WRONG_USE, _INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class Request:
    """What the command line asked for."""

    source: Checkpoint
    feature: str
    output: Path
    """Directory, or path of the `.pt` file."""
    lengths: Mapping[str, int]
    """The sizes that were chosen, by the field of `Sizes`."""
    options: Mapping[str, Any]
    """Those of `trace`."""
    atol: float | None
    preprocessor: str
    modules: tuple[str, ...] = ()
    """Modules to import first: they register models of their own."""
    verbose: bool = False
    """Show errors whole."""
    max_length: int | None = None
    """The longest row that validation tries; what time and memory allow where None."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when the trace is good, 1 when it failed or does not match, 2 for wrong use, 130 when interrupted, 141 when
        nobody reads what it prints.
    """
    return until_unread(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    request = parse(argv)
    try:
        with shown_log("transformers_export", verbose=request.verbose):
            return _run(request)
    except WrongUseError as error:
        print(f"error: {error}", file=sys.stderr)
        return _WRONG_USE
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        return _INTERRUPTED


def parse(argv: Sequence[str] | None = None) -> Request:
    """Read the arguments; argparse itself ends the process with 2 when they are wrong."""
    given = _parser().parse_args(argv)
    lengths = {name: getattr(given, name) for name in ("batch", "sequence", "decoder", "past", "choices")}
    options = {
        name: getattr(given, name) for name in ("target", "tied_weights", "freeze", "optimize_for_inference", "fixed")
    }
    return Request(
        checkpoint_of(given),
        given.feature,
        given.output,
        {name: length for name, length in lengths.items() if length is not None},
        options,
        given.atol,
        given.preprocessor,
        tuple(given.modules),
        given.verbose,
        given.max_length,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transformers_export.torchscript",
        description="Trace a transformers checkpoint to TorchScript and check that the trace computes what the model "
        "does, at the traced size and at others.",
    )
    parser.add_argument("-m", "--model", required=True, help="hub id or directory of the checkpoint")
    parser.add_argument("--feature", default="default", help="what to trace the model for (default: %(default)s)")
    parser.add_argument("--target", choices=["torchscript", "neuron"], default="torchscript", help="what it is for")
    parser.add_argument("--batch", type=_length, metavar="N", help="batch to trace at (default: 4)")
    parser.add_argument("--sequence", type=_length, metavar="N", help="length to trace at, in tokens (default: 8)")
    parser.add_argument("--decoder-sequence", dest="decoder", type=_length, metavar="N", help="the decoder's (6)")
    parser.add_argument("--past", type=_length, metavar="N", help="tokens the cache holds (10), for features with past")
    parser.add_argument("--choices", type=_length, metavar="N", help="choices a question (4)")
    parser.add_argument(
        "--fixed",
        action="store_true",
        help="the trace is for inputs of exactly these sizes: no others are asked about, pad_to pads smaller ones",
    )
    parser.add_argument(
        "--tied-weights",
        choices=["shared", "cloned"],
        default="shared",
        help="weights that the model uses twice: kept as one, or a copy for each use (default: %(default)s)",
    )
    parser.add_argument("--freeze", action="store_true", help="fold the weights into the graph")
    parser.add_argument("--optimize-for-inference", action="store_true", help="freeze, fuse and rewrite")
    parser.add_argument("--atol", type=tolerance, help="absolute tolerance (default: the configuration's)")
    add_loading_arguments(parser)
    parser.add_argument("output", type=Path, help="directory, or a path that ends in .pt for that file alone")
    return parser


def _length(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above zero, got {text}")
    return int(text)


def _run(request: Request) -> int:
    require_packages("torch", "transformers")
    from transformers_export.onnx import adapters, checkpoint

    with stage("Reading the checkpoint's configuration"):
        alone = request.output.suffix == ".pt" and not request.output.is_dir()
        require_writable(request.output if alone else request.output / "model.pt")
        import_modules(request.modules)
        _require_target(request)
        request = replace(request, source=adapters.on_base(request.source))
        config = checkpoint.read_configuration(request.source)
        request = replace(request, feature=checkpoint.feature_named(config, request.feature))
        make_onnx_config = checkpoint.require_feature(config, request.feature)
        onnx_config = checkpoint.declare(make_onnx_config, config)
        checkpoint.say_contract(request.source, config, request.feature, onnx_config)
        _require_one_graph(request, onnx_config)
        sizes = _sizes(request, onnx_config)
        checkpoint.require_weights(request.source)
    with stage("Loading the model"):
        kinds = checkpoint.preprocessor_kinds(request.preprocessor, request.feature, onnx_config)
        preprocessor = checkpoint.load_preprocessor(request.source, kinds, onnx_config)
        model = checkpoint.load_model(request.source, request.feature, opset=None, keeps_float64=True)
    return _export(request, preprocessor, model, make_onnx_config(model.config), sizes)


def _require_target(request: Request) -> None:
    """What the options ask for must be possible here."""
    if request.options["target"] != "neuron":
        return
    from transformers_export.torchscript.neuron import NeuronMissingError, find_tracer

    try:
        find_tracer()
    except NeuronMissingError as error:
        raise WrongUseError(str(error)) from error
    if request.options["freeze"] or request.options["optimize_for_inference"]:
        raise WrongUseError("Neuron's compiler freezes and optimizes itself: leave those options out.")


def _require_one_graph(request: Request, onnx_config: Any) -> None:
    from transformers_export.onnx.lengths import is_divided

    if is_divided(onnx_config):
        raise WrongUseError(
            f"{request.feature} of this model is an encoder and a decoder: trace each from Python, "
            "see `transformers_export.onnx.parts_of`."
        )


def _sizes(request: Request, onnx_config: Any) -> Sizes:
    """The sizes to trace at; a trace that is fixed needs those said that the model has."""
    from transformers_export.onnx.inputs import TRACED
    from transformers_export.onnx.lengths import axis_kind

    declared = {axis_kind(onnx_config, name, axis) for name, axes in onnx_config.inputs.items() for axis in axes}
    fixed = request.options["fixed"] or request.options["target"] == "neuron"
    needed = [kind for kind in ("batch", "sequence", "decoder", "past") if kind in declared]
    missing = [kind for kind in needed if fixed and kind not in request.lengths]
    if missing:
        flags = " and ".join(f"--{'decoder-sequence' if kind == 'decoder' else kind}" for kind in missing)
        raise WrongUseError(f"A trace that is fixed takes inputs of its own size alone: say which with {flags}.")
    return replace(TRACED, **request.lengths)  # type: ignore[arg-type]


def _export(request: Request, preprocessor: Any, model: Any, onnx_config: Any, sizes: Sizes) -> int:
    """Trace and validate in a folder of its own; what is good gets its name."""
    from transformers_export.onnx.exporters.remarks import collecting
    from transformers_export.torchscript.convert import export
    from transformers_export.torchscript.manifest import MODEL
    from transformers_export.torchscript.saving import move
    from transformers_export.torchscript.validation import log_report, validate

    alone = request.output.suffix == ".pt" and not request.output.is_dir()
    directory = request.output.parent if alone else request.output
    with tempfile.TemporaryDirectory(prefix=".export-", dir=directory) as folder:
        whole = Path(folder) / (request.output.name if alone else MODEL)
        try:
            with stage(f"Tracing {request.feature}"), collecting() as remarks:
                place = whole if alone else whole.parent
                export(preprocessor, model, onnx_config, place, sizes=sizes, **request.options)
            with stage("Validating"):
                report = validate(
                    onnx_config, preprocessor, model, whole, atol=request.atol, max_length=request.max_length
                )
        except Exception as error:
            logger.debug("The export failed", exc_info=True)
            logger.error("The model could not be traced: %s", shown_error(error, verbose=request.verbose))
            if is_our_bug(error):
                logger.error(OUR_BUG)
            return _FAILED
        logger.info("Validating TorchScript model...")
        log_report(report)
        if not report.passed:
            failed = ", ".join(check.name for check in report.checks if check.outcome in ("failed", "not-run"))
            logger.error("The trace does not match: %s. Nothing was written.", failed)
            for remark in remarks:
                logger.error("Likely cause: %s", remark)
            return _FAILED
        move(whole, directory)
    logger.info("All good, model saved at: %s", (directory / whole.name).as_posix())
    return _PASSED
