"""Draws the pictures of the README: real reports, as GitHub shows them. Run by `make pictures`.

Three are of the example's pull requests, checked for this; the fourth is of 198 exports at once, from a verdict that is
kept beside the pictures because it takes minutes to make. At the commit that it names as its head this made it:

    transformers-export check --all --exporter legacy --json docs/picture/registry.json

Rendered with links as they are on GitHub and drawn by Chromium (`picture/draw.mjs`); CHROMIUM names the browser, by
default /usr/bin/chromium.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "picture"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

from make_repository import make_repository  # noqa: E402 - found through the line above
from support.node import node_command, node_modules  # noqa: E402
from transformers_export.report.links import Links  # noqa: E402
from transformers_export.report.render import comment  # noqa: E402
from transformers_export.verdict.schema import decode  # noqa: E402

BRANCHES = {"passing": "complete", "failing": "diverging", "mixed": "mixed"}
AS_THE_ACTION = ("--diff", "--no-cache", "--exporter", "legacy")
"""What action.yml passes, so that the fix is in the picture; the exporter is the one that takes a tenth of the time."""
COLOURS = 128
"""Of a palette: a tenth of the bytes, and text on one ground needs no more."""


def main() -> int:
    """Check, render, draw."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        repository = make_repository(work / "acme-models")
        verdicts = {"registry": PICTURES / "registry.json"}
        for name, branch in BRANCHES.items():
            verdicts[name] = work / f"{name}.json"
            repository.checkout(branch)
            check = [sys.executable, "-m", "transformers_export", "check", "--base", "main", *AS_THE_ACTION]
            subprocess.run([*check, "--json", verdicts[name]], cwd=repository.root, check=False)
        for name, verdict in verdicts.items():
            report = work / f"{name}.md"
            report.write_text(render(verdict), encoding="utf-8")
            for theme in ("light", "dark"):
                draw(report, PICTURES / f"{name}-{theme}.png", theme)
    return 0


def render(verdict: Path) -> str:
    """The comment, with links as on GitHub."""
    read = decode(verdict.read_bytes())
    server = "https://github.com"
    return comment(read, Links(server, "acme/models", read.head, f"{server}/acme/models/actions/runs/42"))


def draw(report: Path, picture: Path, theme: str) -> None:
    """Draw one report, and make the file small."""
    environment = {**os.environ, "NODE_MODULES": str(node_modules()), "THEME": theme}
    command = node_command(PICTURES / "draw.mjs", str(report), str(picture))
    subprocess.run(command, env=environment, check=True)
    with Image.open(picture) as drawn:
        small = drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(picture, optimize=True)
    print(picture.relative_to(ROOT), f"{picture.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
