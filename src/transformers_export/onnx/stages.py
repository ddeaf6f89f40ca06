"""What the export commands share: common flags, early refusals, stages with their times, the log on standard output."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from transformers_export.onnx.checkpoint import Checkpoint
from transformers_export.onnx.refusals import WrongUseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


OUR_BUG = (
    "No line of the model was running, so this is a bug in transformers-export: please report it with what the command "
    "shows with --verbose."
)
_MOST_LINES = 8
"""Lines of an error's message that are shown: torch's go on for hundreds."""


def tolerance(text: str) -> float:
    """Read a tolerance from the command line: a number above zero."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above zero, got {text}")
    return number


def length(text: str) -> int:
    """Read a number of tokens from the command line: 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more tokens, got {text}")
    return number


def add_loading_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how a checkpoint is loaded, and how long the texts are that it is tried with."""
    parser.add_argument(
        "--max-length",
        type=length,
        metavar="N",
        help="longest text, in tokens, that validation tries where the model computes something else beyond a length "
        "(default: what takes about 30 seconds and fits the free memory)",
    )
    parser.add_argument(
        "--preprocessor",
        choices=["auto", "tokenizer", "feature_extractor", "image_processor", "processor"],
        default="auto",
        help="what makes the example inputs (default: what the checkpoint has)",
    )
    parser.add_argument("--cache-dir", "--cache_dir", help="where transformers keeps what it downloads")
    parser.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="run Python code that the checkpoint brings; without it such a checkpoint is refused",
    )
    parser.add_argument(
        "--allow-missing-weights",
        action="store_true",
        help="draw weights that the checkpoint does not have at random instead of refusing it",
    )
    parser.add_argument(
        "--pad-token-id",
        type=int,
        metavar="N",
        help="the padding token of a classifier whose config.json names none (default: none, one row at a time)",
    )
    parser.add_argument(
        "--import",
        dest="modules",
        action="append",
        default=[],
        metavar="MODULE",
        help="import this first, e.g. a package that registers its own models; may be given several times",
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="show errors whole, with their traceback and the graphs that torch prints",
    )


def checkpoint_of(given: argparse.Namespace) -> Checkpoint:
    """Where the checkpoint is and how it is read, as `--model` and the flags of `add_loading_arguments` say."""
    return Checkpoint(
        given.model,
        given.cache_dir,
        trust_remote_code=given.trust_remote_code,
        allow_missing_weights=given.allow_missing_weights,
        pad_token_id=given.pad_token_id,
    )


def import_modules(modules: tuple[str, ...]) -> None:
    """Import what registers models of its own.

    Raises:
        WrongUseError: There is no such module.
    """
    for module in modules:
        try:
            import_module(module)
        except ModuleNotFoundError as error:  # noqa: PERF203  (a few at most)
            raise WrongUseError(f"Cannot import {module}: {error}. Install the package that has it.") from error


def require_writable(output: Path) -> None:
    """Make the directory of a file and try to write there.

    Raises:
        WrongUseError: It cannot be written to.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise WrongUseError(
            f"Cannot write to {output.parent}: {error.strerror or error}. Give a directory that you may write to."
        ) from error


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Show what is going on and how long it took, where somebody watches."""
    watched = sys.stderr.isatty()
    start = time.perf_counter()
    if watched:
        print(f"… {name}", end="\r", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if watched:
            print(f"\033[K  {name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)


def shown_error(error: BaseException, *, verbose: bool) -> str:
    """Return type and message of an exception; of a long message the first lines, unless all of it was asked for."""
    lines = f"{type(error).__name__}: {error}".strip().splitlines()
    if verbose or len(lines) <= _MOST_LINES:
        return "\n".join(lines)
    left = len(lines) - _MOST_LINES
    return "\n".join([*lines[:_MOST_LINES], f"[{left} more {'line' if left == 1 else 'lines'}: --verbose shows all]"])


class _Printed(logging.StreamHandler):
    """Prints records. What a stream's closed end raises ends the command instead of being printed for each record."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's own name)
        error = sys.exc_info()[1]
        if isinstance(error, BrokenPipeError):
            raise error
        super().handleError(record)


@contextmanager
def shown_log(name: str, *, verbose: bool = False) -> Iterator[None]:
    """The library logs; the command shows it on standard output, as transformers.onnx did on its own."""
    logger = logging.getLogger(name)
    handler = _Printed(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
