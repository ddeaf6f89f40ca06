"""The demo: checks an example pull request with both exporters and shows the report. Run by `make demo`.

Leaves `report.md`, `report.html` and `verdict.json` in the directory it is given, beside the example repository.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from markdown_it import MarkdownIt

from make_repository import PULL_REQUESTS, make_repository

STYLE = """
body { max-width: 1100px; margin: 2rem auto; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: #1f2328; }
table { border-collapse: collapse; } th, td { border: 1px solid #d1d9e0; padding: .35rem .7rem; white-space: nowrap; }
code, pre { background: #f0f1f2; border-radius: 4px; font: 13px ui-monospace, monospace; padding: .1rem .3rem; }
pre { padding: .8rem; overflow: auto; } pre code { padding: 0; } details { margin: .8rem 0; } sub { color: #59636e; }
"""


def main() -> int:
    """Build, check, show. Ends with the exit code of the check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="where the example and its reports go")
    parser.add_argument("--branch", default="complete", choices=PULL_REQUESTS, help="which pull request is checked")
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    repository = directory / "acme-models"
    if repository.exists():
        shutil.rmtree(repository)  # of an earlier demo
    make_repository(repository).checkout(arguments.branch)
    print(f"Built {repository}: a package of custom models.\nIts branch `{arguments.branch}` is the pull request:\n")
    run(repository, "git", "--no-pager", "diff", "--stat", "main...HEAD")

    started = time.monotonic()
    report, verdict = directory / "report.md", directory / "verdict.json"
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
    )
    code = run(
        repository,
        *command,
        "--json",
        verdict,
        "--markdown",
        report,
        shown=f"transformers-export {' '.join(command[3:])}",
    )
    if not report.exists():
        return code
    text = report.read_text(encoding="utf-8")
    (directory / "report.html").write_text(page(text), encoding="utf-8")
    print(f"\nThe comment on the pull request ({time.monotonic() - started:.0f} s after the check began):\n\n{text}")
    print("\n".join(f"  {directory / name}" for name in ("report.md", "report.html", "verdict.json")))
    print("Pull requests that fail: `python examples/demo.py .demo --branch incomplete` (or diverging, sleeping, ...).")
    return code


def run(directory: Path, *command: str | Path, shown: str | None = None) -> int:
    """Run `command` in `directory` in the open; returns its exit code."""
    words = [str(word) for word in command]
    print(f"$ {shown or shlex.join(words)}", flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(words, cwd=directory, env=environment, check=False).returncode


def page(markdown: str) -> str:
    """The report as a page of its own. Untrusted text in it was escaped when it was rendered."""
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    head = f'<meta charset="utf-8"><title>Report</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en">{head}\n{body}</html>\n'


if __name__ == "__main__":
    sys.exit(main())
