"""Draws the pictures of the README: a real report, as GitHub shows it. Run by `make pictures`.

Checks the example's pull request `mixed`, renders the comment with links as it has them on GitHub, and lets Chromium
draw it (`picture/draw.mjs`). CHROMIUM names the browser, default /usr/bin/chromium.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

from make_repository import make_repository  # noqa: E402 - found through the line above
from support.node import node_command, node_modules  # noqa: E402
from transformers_export.report.links import Links  # noqa: E402
from transformers_export.report.render import comment  # noqa: E402
from transformers_export.verdict.schema import decode  # noqa: E402


def main() -> int:
    """Check, render, draw."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        repository = make_repository(work / "acme-models")
        repository.checkout("mixed")
        check = [sys.executable, "-m", "transformers_export", "check", "--no-cache", "--base", "main"]
        subprocess.run([*check, "--json", work / "verdict.json"], cwd=repository.root, check=False)
        verdict = decode((work / "verdict.json").read_bytes())
        links = Links("https://github.com", "acme/acme-models", repository.revisions["mixed"])
        (work / "report.md").write_text(comment(verdict, links), encoding="utf-8")
        for theme in ("light", "dark"):
            picture = ROOT / "docs" / "picture" / f"report-{theme}.png"
            environment = {**os.environ, "NODE_MODULES": str(node_modules()), "THEME": theme}
            draw = node_command(ROOT / "docs" / "picture" / "draw.mjs", str(work / "report.md"), str(picture))
            subprocess.run(draw, env=environment, check=True)
            print(picture.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
