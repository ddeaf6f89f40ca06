"""How long the static check takes, beside a Python that does nothing and other checkers: whole processes, medians.

    python benchmarks/static.py [--runs 15] [--write]

What is measured: `check --static` on one changed file in each form the hook has, on everything, pre-commit with the
hook, and `--help`; in the example and in the transformers 4.48.0 tree. Each command runs once a round, so that ratios
are of the same minutes; CPU seconds too, as they depend less on what else the machine does, and memory (below that of
this script it shows as this script's). Builds both repositories in a temporary directory. `--write` puts the table
into README.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

from support import repositories  # noqa: E402 - found through the line above
from support.hooks import hook_configuration, stage_branch  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Command = list[str]
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- static: written by static.py -->", "<!-- /static -->"


@dataclass(frozen=True)
class Run:
    """One process with its children: seconds of wall and CPU time, and the largest one's memory in MB."""

    wall: float
    cpu: float
    megabytes: float


@dataclass(frozen=True)
class Subject:
    """A command that is measured, and where."""

    name: str
    command: Command
    directory: Path
    rounds: int = 1
    """Measured every so many rounds: what takes seconds needs fewer runs."""


def run(subject: Subject, environment: dict[str, str]) -> Run:
    """One run, which must end with 0, or with 1 for findings."""
    started = time.perf_counter()
    process = subprocess.Popen(subject.command, cwd=subject.directory, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{shlex.join(subject.command)} ended with {process.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measure(subjects: Sequence[Subject], environment: dict[str, str], rounds: int) -> list[list[Run]]:
    """The runs of each subject, after one that is not counted."""
    found: list[list[Run]] = [[] for _ in subjects]
    for number in range(rounds + 1):
        for runs, subject in zip(found, subjects, strict=True):
            if number % subject.rounds == 0 or number == 1:
                runs.append(run(subject, environment))
    return [runs[1:] for runs in found]


def subjects_in(work: Path) -> list[Subject]:
    """Everything that is measured; builds what it is measured in."""
    example = repositories.make_repository(work / "acme-models")
    transformers = repositories.transformers_4(work / "transformers")
    stage_branch(example, "complete")
    stage_branch(transformers, "harmless")
    for repository in (example, transformers):
        hook_configuration(repository.root)
    (work / "settings.json").write_text("{}", encoding="utf-8")
    (work / "schema.json").write_text('{"type": "object"}', encoding="utf-8")
    python, file = sys.executable, repositories.DISTILBERT
    ours = [python, "-m", "transformers_export"]
    check = [*ours, "check", "--static"]
    committing = [python, "-m", "pre_commit", "run", "check-onnx-config"]
    schema = [python, "-m", "check_jsonschema", "--schemafile", str(work / "schema.json"), "settings.json"]
    return [
        Subject("Python alone", [python, "-c", "pass"], work),
        Subject("the hook's command, one file staged", [*check, "--hook", file], transformers.root),
        Subject("one file named", [*check, file], transformers.root),
        Subject("against HEAD", [*check, "--base", "HEAD"], transformers.root),
        Subject("the example, against HEAD", [*check, "--base", "HEAD"], example.root),
        Subject("everything", [*check, "--all"], transformers.root, rounds=4),
        Subject("pre-commit with the hook, warm", committing, transformers.root, rounds=4),
        Subject("pre-commit with the hook, warm, the example", committing, example.root, rounds=4),
        Subject(
            "the same file", [str(Path(python).with_name("ruff")), "check", "-q", "--no-cache", file], transformers.root
        ),
        Subject("one small file", schema, work, rounds=4),
        Subject("help", [*ours, "--help"], work),
        Subject("help of the check", [*ours, "check", "--help"], work),
        Subject("help of the exporter", [python, "-m", "transformers_export.onnx", "--help"], work, rounds=4),
    ]


def table(subjects: Sequence[Subject], measured: Sequence[Sequence[Run]]) -> Iterator[str]:
    """The results as Markdown."""
    yield "| what | seconds | fastest | times Python | CPU seconds | times Python | MB | command |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    alone = [statistics.median(getattr(run, what) for run in measured[0]) for what in ("wall", "cpu")]
    for subject, runs in zip(subjects, measured, strict=True):
        wall, cpu = (statistics.median(getattr(run, what) for run in runs) for what in ("wall", "cpu"))
        words = [
            "python" if word == sys.executable else Path(word).name if word[:1] == "/" else word
            for word in subject.command
        ]
        seconds = f"{wall:.3f} | {min(run.wall for run in runs):.3f} | {wall / alone[0]:.1f}"
        figures = f"{seconds} | {cpu:.3f} | {cpu / alone[1]:.1f}"
        yield f"| {subject.name} | {figures} | {max(run.megabytes for run in runs):.0f} | `{shlex.join(words)}` |"


def main() -> int:
    """Measure, print the table and, when asked to, keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        environment = {**os.environ, "PRE_COMMIT_HOME": str(work / "pre-commit")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        subjects = subjects_in(work)
        rows = table(subjects, measure(subjects, environment, options.runs))
        load, cores = os.getloadavg()[0], os.cpu_count()
        said = "\n".join((f"Medians of {options.runs} rounds, on {cores} cores with a load of {load:.1f}.\n", *rows))
    print(said)
    if options.write:
        before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
        _, end, after = rest.partition(END)
        README.write_text(f"{before}{begin}\n{said}\n{end}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
