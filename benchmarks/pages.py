"""What pages of docs/ that benchmarks write have in common: sections, between comments that name them, and origins."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SHOWN = ("torch", "transformers", "onnx", "onnxruntime", "onnxscript")


def write_section(page: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name: begin -->` and `<!-- name: end -->`; added at the end where it is new."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n{text.strip()}\n{end}"
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    if begin in before:
        head, _, rest = before.partition(begin)
        section = head + section + rest.partition(end)[2]
    else:
        section = f"{before.rstrip()}\n\n{section}\n".lstrip()
    page.write_text(section, encoding="utf-8")


def commit() -> str:
    """The commit that is checked out, with `+` where files differ from it."""
    command = ("git", "describe", "--always", "--abbrev=9", "--dirty=+", "--exclude=*")
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def versions(python: str) -> str:
    """What an interpreter has installed, in one line."""
    code = (
        "import platform; from importlib.metadata import version; "
        f"print(', '.join(['python ' + platform.python_version(), *(name + ' ' + version(name) for name in {_SHOWN})]))"
    )
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
