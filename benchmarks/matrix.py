"""Real checks, from start to verdict: the 35 architectures' pairs, and one changed file. Writes docs/performance.md.

    python benchmarks/matrix.py [--only legacy-2 dynamo-2 pull-request ...]

| part | what |
|---|---|
| legacy-1, legacy-2, dynamo-1, dynamo-2 | every pair with that exporter and workers, then again from the cache |
| pull-request | a commit that changes one encoder's configuration, with each exporter and two workers |

Parts that are not asked for stay in the page as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path

from performance import FIRST, PAGE, ROOT, machine, write

PARTS = ("legacy-2", "pull-request", "legacy-1", "dynamo-2", "dynamo-1")
HEADINGS = ("check", "seconds", "CPU seconds", "verified", "from the cache", "made at")
CHANGED = "electra"
"""An encoder with seven features."""
WORKERS = re.compile(r"(\w+), (\d) workers?")


@dataclass(frozen=True)
class Row:
    """One check."""

    check: str
    seconds: str
    cpu: str
    verified: str
    cached: str
    commit: str


def main() -> int:
    """Run the parts, write the table after each. Returns 1 where a case did not pass."""
    options = _options()
    rows = {row.check: row for row in read()}
    failed = False
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        clone = Path(folder, "clone")
        _git("clone", "-q", "--shared", str(ROOT), str(clone), at=ROOT)
        for part in options.only:
            for row in pull_request(clone) if part == "pull-request" else matrix(part):
                print(" | ".join(astuple(row)), flush=True)
                rows[row.check] = row
                verified, _, of = row.verified.partition(" of ")
                failed |= verified != of
                write("matrix", page(list(rows.values())))
    return int(failed)


def matrix(part: str) -> list[Row]:
    """Every pair, and again with a warm cache.

    In this checkout, as it is the one that is installed: nothing is kept of code that is searched for elsewhere too.
    """
    exporter, jobs = part.split("-")
    named = [name.replace("-", "_") for name in FIRST]
    models = ROOT / "src" / "transformers_export" / "models"
    paths = [str(path.relative_to(ROOT)) for name in named for path in models.glob(f"*/configuration_{name}.py")]
    what = f"{exporter}, {jobs} worker{'s' if jobs != '1' else ''}"
    with tempfile.TemporaryDirectory() as cache:
        told = ("--exporter", exporter, "--jobs", jobs, "--cache", cache, *paths)
        return [check(ROOT, what, *told), check(ROOT, f"{what}, again", *told)]


def pull_request(clone: Path) -> list[Row]:
    """A commit that changes the configuration of one encoder."""
    path = clone / "src" / "transformers_export" / "models" / CHANGED / f"configuration_{CHANGED}.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# Changed by a pull request.\n", encoding="utf-8")
    _git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "Change one file", at=clone)
    told = ("--base", "HEAD~1", "--jobs", "2", "--no-cache")
    rows = [check(clone, f"{name}, one encoder changed", "--exporter", name, *told) for name in ("legacy", "dynamo")]
    _git("reset", "-q", "--hard", "HEAD~1", at=clone)
    return rows


def check(clone: Path, what: str, *arguments: str) -> Row:
    """Run one check of the clone, by the clone's own code, from the start of Python to its end."""
    with tempfile.TemporaryDirectory() as folder:
        verdict = Path(folder, "verdict.json")
        command = [sys.executable, "-m", "transformers_export", "check", "--python", sys.executable]
        before, start = _used(), time.monotonic()
        done = subprocess.run(
            [*command, "--json", str(verdict), *arguments],
            cwd=clone,
            env={**os.environ, "PYTHONPATH": str(clone / "src"), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds, cpu = time.monotonic() - start, _used() - before
        if not verdict.exists():
            raise RuntimeError(f"No verdict of {what}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
        cases = json.loads(verdict.read_bytes())["cases"]
    for case in cases:
        if case["outcome"] != "passed":
            print(f"{case['model_type']} {case['feature']} {case['outcome']}: {case.get('error')}", flush=True)
    passed = sum(case["outcome"] == "passed" for case in cases)
    return Row(
        what,
        f"{seconds:.1f}",
        f"{cpu:.1f}",
        f"{passed} of {len(cases)}",
        str(sum(bool(case["cached"]) for case in cases)),
        _git("rev-parse", "--short=9", "HEAD", at=ROOT),
    )


def read() -> list[Row]:
    """The rows that stand in the page."""
    section = PAGE.read_text(encoding="utf-8").partition("<!-- matrix: begin")[2].partition("<!-- matrix: end")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| check")]
    return [
        Row(*(cell.strip() for cell in line.strip("| ").split("|")))
        for line in lines
        if line.count("|") == len(HEADINGS) + 1
    ]


def page(rows: list[Row]) -> str:
    """The section: the table, and what two workers gain."""
    rows = sorted(rows, key=lambda row: row.check)
    lines = [
        f"`python benchmarks/matrix.py`, {machine()}",
        "",
        f"| {' | '.join(HEADINGS)} |",
        "|---|--:|--:|--:|--:|---|",
        *(f"| {' | '.join(astuple(row))} |" for row in rows),
        "",
    ]
    taken = {match.groups(): float(row.seconds) for row in rows if (match := WORKERS.fullmatch(row.check))}
    for exporter in ("legacy", "dynamo"):
        one, two = taken.get((exporter, "1")), taken.get((exporter, "2"))
        if one and two:
            lines.append(f"Two workers are {one / two:.2f} times as fast as one with {exporter}.")
    return "\n".join(lines)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _git(*arguments: str, at: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=at, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
