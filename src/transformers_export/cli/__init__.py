"""The command `transformers-export`: arguments in, exit code out. One file a command, imported when it is asked for.

Exit codes: 0 all good, 1 findings or failed or undecided cases, 2 wrong use or unreadable input, 3 a bug in us,
130 interrupted, 141 when nobody reads what it prints.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GOOD, RED, MISUSE, BUG, INTERRUPTED = 0, 1, 2, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    from transformers_export.closed_pipe import until_unread

    return until_unread(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    from importlib import import_module

    from transformers_export.cli.arguments import UsageError, parse

    try:
        options = parse(sys.argv[1:] if argv is None else argv)
        code: int = import_module(f"transformers_export.cli.{options.command}").run(options)
    except UsageError as error:
        print(f"transformers-export: {_harmless(str(error))}", file=sys.stderr)
        return MISUSE
    except KeyboardInterrupt:
        print("transformers-export: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        return _unexpected(error)
    return code


def _harmless(message: str) -> str:
    """It may quote a pull request: no escape sequence stays in it, and no line that a runner takes for a command."""
    from transformers_export.verdict.visible import visible

    return visible(message, lines=True).replace("\n", "\n    | ")


def _unexpected(error: Exception) -> int:
    from transformers_export.cli.extras import how_to_install

    if isinstance(error, ModuleNotFoundError) and (said := how_to_install(error)):
        print(f"transformers-export: {said}", file=sys.stderr)
        return MISUSE
    import traceback

    traceback.print_exception(error)
    print("transformers-export: this is a bug in transformers-export, please report it.", file=sys.stderr)
    return BUG
