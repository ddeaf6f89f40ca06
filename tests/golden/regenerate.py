"""Writes the golden reports anew: verdicts of real checks, and what is rendered of them.

    python tests/golden/regenerate.py             renders the kept verdicts again, after a change of templates
    python tests/golden/regenerate.py --check     first makes the verdicts again, after a change of what a check says

A verdict comes from `transformers-export check` with both exporters on a pull request of the example (examples/), in
the interpreter that runs this file; it needs torch and transformers and takes a few minutes. Nothing here is written
by hand: look at the difference git shows, as a maintainer would at a report.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent
ROOT = GOLDEN.parents[1]
PULL_REQUESTS = ("complete", "diverging", "incomplete")
EXPECTED_CODES = {"complete": 0, "diverging": 1, "incomplete": 1}


def make_verdicts() -> None:
    """Run the checks."""
    with tempfile.TemporaryDirectory() as directory:
        repository = Path(directory) / "acme-models"
        subprocess.run([sys.executable, ROOT / "examples" / "make_repository.py", repository], check=True)
        for name in PULL_REQUESTS:
            subprocess.run(["git", "checkout", "--quiet", name], cwd=repository, check=True)
            command = (
                sys.executable,
                "-m",
                "transformers_export",
                "check",
                "--no-cache",
                "--base",
                "main",
                "--exporter",
                "both",
                "--diff",
            )
            told = ("--python", sys.executable, "--json", GOLDEN / f"{name}.json")
            done = subprocess.run([*command, *told], cwd=repository, check=False)
            if done.returncode != EXPECTED_CODES[name]:
                raise SystemExit(f"{name}: expected exit code {EXPECTED_CODES[name]}, got {done.returncode}")


def reports(name: str) -> dict[str, str]:
    """File names and texts of the reports on one kept verdict."""
    from transformers_export.report.render import Links, comment, summary
    from transformers_export.verdict.schema import decode

    verdict = decode((GOLDEN / f"{name}.json").read_bytes())
    server = "https://github.com"
    links = Links(server, "acme/models", verdict.head, f"{server}/acme/models/actions/runs/42")
    return {f"{name}.comment.md": comment(verdict, links), f"{name}.summary.md": summary(verdict, links)}


def main() -> None:
    """Regenerate what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="make the verdicts again too")
    if parser.parse_args().check:
        make_verdicts()
    for name in PULL_REQUESTS:
        for file, text in reports(name).items():
            (GOLDEN / file).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
