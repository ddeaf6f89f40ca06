"""What is known from earlier checks: the folder of results, and the verdict to compare with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cases.cache import default_folder
from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import read_at_most
from transformers_export.verdict.schema import MAX_BYTES, VerdictError, decode

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from transformers_export.verdict.types import Verdict


def cache_folder(options: Namespace) -> Path | None:
    """Return the folder of earlier results, or None where none are wanted.

    Raises:
        UsageError: one is named and none is wanted.
    """
    if options.no_cache and options.cache:
        raise UsageError("--cache and --no-cache say different things: expected one of them.")
    if options.no_cache:
        return None
    try:
        return Path(options.cache).absolute() if options.cache else default_folder(os.environ).absolute()
    except ModuleNotFoundError:  # the core alone: what else is missing to run cases is said once they are to run
        return None


def read_baseline(path: str | None, warn: Callable[[str], None]) -> Verdict | None:
    """Return the earlier verdict. One that is not there or cannot be read is a warning: the check stands without it."""
    if path is None:
        return None
    try:
        found = decode(read_at_most(Path(path), MAX_BYTES + 1, "an earlier verdict"))
    except (UsageError, VerdictError) as error:
        warn(f"There is nothing to compare with: {error}")
        return None
    if found.shard is not None:
        warn(f"There is nothing to compare with: {path} is the verdict of one shard. Merge them with `report`.")
        return None
    return found
