"""How long the static check takes, beside a Python that does nothing: whole processes, medians.

    python benchmarks/static.py [--runs 15]

What is measured: `check --static` on one changed file and the hook on one staged file, in the example and in the
transformers 4.48.0 tree. Builds both in a temporary directory; the results we keep are in README.md beside this file.
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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

from support import repositories  # noqa: E402 - found through the line above
from support.hooks import hook_configuration, stage_branch  # noqa: E402

Command = list[str]


def seconds(command: Command, directory: Path, environment: dict[str, str], runs: int) -> list[float]:
    """Wall times of `runs` runs, after one that is not counted. Every run must end with 0."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - started)
        if done.returncode:
            raise SystemExit(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return times[1:]


def main() -> int:
    """Measure and print one line for each command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        environment = {**os.environ, "PRE_COMMIT_HOME": str(work / "pre-commit")}
        example = repositories.make_repository(work / "acme-models")
        transformers = repositories.transformers_4(work / "transformers")
        stage_branch(example, "complete")
        stage_branch(transformers, "harmless")
        check = [sys.executable, "-m", "transformers_export", "check", "--static"]
        for repository in (example, transformers):
            hook_configuration(repository.root)
        hook = [sys.executable, "-m", "pre_commit", "run", "check-onnx-config"]
        measured: list[tuple[str, Command, Path]] = [
            ("Python alone", [sys.executable, "-c", "pass"], work),
            ("example", [*check, "--base", "HEAD"], example.root),
            ("transformers 4.48.0, against HEAD", [*check, "--base", "HEAD"], transformers.root),
            ("transformers 4.48.0, one file", [*check, repositories.DISTILBERT], transformers.root),
            ("hook, warm, example", hook, example.root),
            ("hook, warm, transformers 4.48.0", hook, transformers.root),
        ]
        for name, command, directory in measured:
            times = seconds(command, directory, environment, runs)
            shown = shlex.join(["python" if word == sys.executable else word for word in command])
            print(f"{statistics.median(times):.3f} s  (fastest {min(times):.3f})  {name:34}  {shown}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
