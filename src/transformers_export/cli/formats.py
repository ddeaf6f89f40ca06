"""The formats of other tools, written where they are asked for: JUnit and SARIF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.cli.files import write

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.verdict.types import Verdict


def write_formats(options: Namespace, verdict: Verdict) -> None:
    """Write `--junit` and `--sarif`.

    Raises:
        UsageError: a file cannot be written.
    """
    if options.junit:
        from transformers_export.report.junit import junit

        write(options.junit, junit(verdict))
    if options.sarif:
        from transformers_export.report.sarif import sarif

        write(options.sarif, sarif(verdict))
