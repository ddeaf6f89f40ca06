"""How long the static check takes, beside a Python that does nothing and other checkers: whole processes, medians.

    python benchmarks/static.py [--runs 15]

What is measured: `check --static` on one changed file, on everything, and the hook on one staged file, in the example
and in the transformers 4.48.0 tree; CPU seconds and memory too, as they do not depend on what else the machine does
(memory below that of this script shows as this script's). Builds both in a temporary directory; the results we keep are
in README.md beside this file.
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

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

from support import repositories  # noqa: E402 - found through the line above
from support.hooks import hook_configuration, stage_branch  # noqa: E402

Command = list[str]


@dataclass(frozen=True)
class Run:
    """One process with its children: seconds of wall and CPU time, and the largest one's memory in MB."""

    wall: float
    cpu: float
    megabytes: float


def measure(command: Command, directory: Path, environment: dict[str, str], runs: int) -> list[Run]:
    """`runs` runs, after one that is not counted. Every run must end with 0, or with 1 for findings."""
    found = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise SystemExit(f"{shlex.join(command)} ended with {process.returncode}")
        wall = time.perf_counter() - started
        found.append(Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
    return found[1:]


def main() -> int:
    """Measure and print one line for each command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        environment = {**os.environ, "PRE_COMMIT_HOME": str(work / "pre-commit")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        example = repositories.make_repository(work / "acme-models")
        transformers = repositories.transformers_4(work / "transformers")
        stage_branch(example, "complete")
        stage_branch(transformers, "harmless")
        check = [sys.executable, "-m", "transformers_export", "check", "--static"]
        for repository in (example, transformers):
            hook_configuration(repository.root)
        hook = [sys.executable, "-m", "pre_commit", "run", "check-onnx-config"]
        (work / "settings.json").write_text("{}", encoding="utf-8")
        schema = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(work / "schema.json"), "settings.json"]
        (work / "schema.json").write_text('{"type": "object"}', encoding="utf-8")
        measured: list[tuple[str, Command, Path]] = [
            ("Python alone", [sys.executable, "-c", "pass"], work),
            ("example", [*check, "--base", "HEAD"], example.root),
            ("transformers 4.48.0, against HEAD", [*check, "--base", "HEAD"], transformers.root),
            ("transformers 4.48.0, one file", [*check, repositories.DISTILBERT], transformers.root),
            ("transformers 4.48.0, everything", [*check, "--all"], transformers.root),
            (
                "ruff check, the same file",
                ["ruff", "check", "-q", "--no-cache", repositories.DISTILBERT],
                transformers.root,
            ),
            ("check-jsonschema, one small file", schema, work),
            ("hook, warm, example", hook, example.root),
            ("hook, warm, transformers 4.48.0", hook, transformers.root),
        ]
        for name, command, directory in measured:
            times = measure(command, directory, environment, runs)
            wall, cpu = (statistics.median(getattr(run, what) for run in times) for what in ("wall", "cpu"))
            shown = shlex.join(["python" if word == sys.executable else word for word in command])
            most = max(run.megabytes for run in times)
            figures = f"{wall:.3f} s (fastest {min(run.wall for run in times):.3f})  {cpu:.3f} s of CPU  {most:.0f} MB"
            print(f"{figures}  {name:34}  {shown}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
