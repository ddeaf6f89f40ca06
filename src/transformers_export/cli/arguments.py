"""What the commands can be told. Parsing only: each command's file says what it does with it."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from transformers_export import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_PROGRAM = "transformers-export"


class UsageError(Exception):
    """The command cannot do what it was asked; the message says what was expected and what to do. Exit code 2."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line. `--help` and mistakes leave by SystemExit with 0 and 2, as argparse does."""
    if arguments[:1] == ["export"]:  # all that follows belongs to the exporter's own command
        return argparse.Namespace(command="export", arguments=list(arguments[1:]))
    name, *rest = arguments or [""]
    if name not in _COMMANDS:
        return _all_commands().parse_args(arguments)
    # Its own options alone: those of every command would take a tenth of a static check.
    parser = argparse.ArgumentParser(prog=f"{_PROGRAM} {name}", formatter_class=_Formatter)
    parser.set_defaults(command=name)
    _COMMANDS[name][1](parser)
    return parser.parse_args(rest)


class _Formatter(argparse.HelpFormatter):
    """As wide as argparse's own, which imports shutil to know it, and that three archive formats."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    written = os.environ.get("COLUMNS", "")
    if written.isdecimal() and int(written):
        return int(written)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:  # no terminal
        return 80


def _all_commands() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="Checks that transformers models still export to ONNX and that the export computes the model.",
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", prog=_PROGRAM)
    for name, (what, add_options) in _COMMANDS.items():
        add_options(commands.add_parser(name, help=what, formatter_class=_Formatter))
    exporting = "export one model: [torchscript], then the options of its command"
    commands.add_parser("export", help=exporting, formatter_class=_Formatter)
    return parser


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.description = "Check what changed. Exit code 1 when something new is wrong or a case does not pass."
    _add_scope(parser)
    parser.add_argument("--head", metavar="REV", help="read this revision from git, without a checkout; needs --static")
    parser.add_argument("--static", action="store_true", help="only read the code: no torch, no export")
    parser.add_argument("--strict", action="store_true", help="findings that were there before fail the check too")
    changing = parser.add_mutually_exclusive_group()
    changing.add_argument("--fix", action="store_true", help="mend in the working tree what is certain; 1 when it did")
    changing.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    parser.add_argument(
        "--python", metavar="PATH", help="interpreter the project is installed in (default: this one, or `python`)"
    )
    parser.add_argument("--jobs", type=_positive, metavar="N", help="cases at once")
    parser.add_argument("--shard", metavar="I/N", help="run this part of the plan alone; `report` merges the verdicts")
    parser.add_argument("--no-cache", action="store_true", help="export also what passed before and is unchanged")
    _add_known(parser)
    parser.add_argument("--json", metavar="FILE", help="write the verdict as JSON")
    parser.add_argument("--markdown", metavar="FILE", help="write the report as Markdown")
    _add_formats(parser)


def _add_known(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cache", metavar="DIR", help="folder of earlier results (default: the user's own)")
    parser.add_argument("--baseline", metavar="FILE", help="earlier verdict to compare with, e.g. the base's")


def _add_formats(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--junit", metavar="FILE", help="write the verdict as JUnit XML")
    parser.add_argument("--sarif", metavar="FILE", help="write the findings and failures as SARIF 2.1.0")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print what `check` would export, and why. Needs neither torch nor transformers."
    _add_scope(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, e.g. for a job matrix")
    parser.add_argument("--shards", type=_jobs, metavar="N", help="deal the cases out to at most N machines")
    _add_known(parser)
    parser.add_argument("--github", action="store_true", help="set the step outputs `empty` and `matrix`")
    _add_instead(parser)


def _add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATHS", help="files or folders to treat as changed")
    parser.add_argument("--base", metavar="REV", help="compare with this revision (default: HEAD)")
    parser.add_argument("--changes", metavar="FILE", help="compare what `prepare` wrote down")
    parser.add_argument(
        "--hook", action="store_true", help="compare as a pre-commit hook: the index, or what is pushed"
    )
    parser.add_argument("--all", action="store_true", help="check every model type, not only those that changed")
    parser.add_argument("--exporter", choices=("dynamo", "legacy", "both", "auto"), help="how graphs are captured")
    parser.add_argument("--opset", type=_positive, metavar="N", help="ONNX opset to export to")
    parser.add_argument("--atol", type=_amount, metavar="X", help="absolute tolerance against PyTorch")
    parser.add_argument("--timeout", type=_amount, metavar="SECONDS", help="time limit of a case")
    parser.add_argument("--memory-limit", metavar="SIZE", help="memory limit of a case, e.g. 8GiB")


def _add_prepare(parser: argparse.ArgumentParser) -> None:
    parser.description = "Read the event, complete a shallow clone by base and head, write down what to compare."
    parser.add_argument("--changes", metavar="FILE", required=True, help="file to write")
    _add_instead(parser)


def _add_instead(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--verdict", dest="instead", metavar="FILE", help="when this fails, write a red verdict that says why"
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Render a verdict, or merge those of all shards and render the whole. Exit code 0 whenever there is a report: "
        "whether it is green is `check`'s. Of merged verdicts nobody has said it yet: 1 when the whole is not green."
    )
    parser.add_argument(
        "verdicts", nargs="+", metavar="VERDICT.json", help="a verdict; several, or a folder of them, are merged"
    )
    parser.add_argument("--merge", action="store_true", help="they are shards: of one too, the others are missing")
    _add_rendering(parser)
    parser.add_argument("--json", metavar="FILE", help="write the merged verdict as JSON")
    parser.add_argument("--cache", metavar="DIR", help="keep what passed in this folder of results")
    parser.add_argument("--baseline", metavar="FILE", help="earlier verdict to compare with, e.g. the base's")
    parser.add_argument("--markdown", metavar="FILE", help="write the comment's text")
    parser.add_argument("--summary", metavar="FILE", help="write the job summary's text")
    _add_formats(parser)


def _add_comment(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write or update the one comment on the pull request of this event (GITHUB_TOKEN)."
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("verdict", nargs="?", metavar="VERDICT.json")
    source.add_argument(
        "--artifact", metavar="NAME", help="on workflow_run: take the verdict that run has uploaded under this name"
    )
    parser.add_argument(
        "--mode",
        choices=("always", "on-change", "on-failure", "never"),
        default="on-change",
        help="when to begin a comment; one that is there is kept up to date unless `never` (default: on-change)",
    )
    parser.add_argument(
        "--fail-on-publish-error",
        choices=("true", "false"),
        default="false",
        help="exit code 1 when the comment cannot be written (default: a warning)",
    )
    _add_rendering(parser)


def _add_rendering(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--github", action="store_true", help="inside GitHub Actions: links, summary, annotations, outputs"
    )
    parser.add_argument("--if-missing", metavar="TEXT", help="what to say when there is no verdict")


def _add_scaffold(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write an OnnxConfig class for a model that has none, register it, put it into the matrix."
    parser.add_argument("path", metavar="PATH", help="the file of the model's configuration, configuration_x.py")
    parser.add_argument("--class", dest="config_class", metavar="NAME", help="which configuration class of the file")
    parser.add_argument("--diff", action="store_true", help="print what would be written, as a diff, and write nothing")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above zero, got {text}")
    return number


def _jobs(text: str) -> int:
    number = _positive(text)
    if number > 256:
        raise argparse.ArgumentTypeError(f"GitHub starts at most 256 jobs of a matrix, got {text}")
    return number


def _amount(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above zero, got {text}")
    return number


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "check": ("read the rules off the code, export what changed, validate it", _add_check),
    "plan": ("print what `check` would export", _add_plan),
    "prepare": ("in GitHub Actions: fetch base and head, write down what to compare", _add_prepare),
    "report": ("render a verdict", _add_report),
    "comment": ("put a verdict's report on the pull request", _add_comment),
    "scaffold": ("write an ONNX configuration for a model that has none", _add_scaffold),
}
"""Every command but `export`: what `--help` says of it, and what adds its options."""
