"""Checkpoints that TensorFlow really wrote, and how close PyTorch and ONNX come: writes docs/tensorflow-checkpoints.md.

    python benchmarks/tensorflow_checkpoints.py [--write] [--environment DIRECTORY] [--transformers-4 PYTHON]

`--write` first makes an environment with TensorFlow and transformers 4.48, writes the checkpoints there with
tensorflow_writer.py and packs them into tests/data/tensorflow, which is tracked: 2.3 GB to download, about two minutes.
Without it the tracked ones are read, by the Python that runs this and by one with transformers 4.48. Ends with 1 when a
difference is above the limit.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import environments, tensorflow_checkpoints  # noqa: E402 - found through the line above

PACKAGES = ("tensorflow-cpu==2.21.0", "tf-keras==2.21.0", "transformers==4.48.0", "safetensors")
"""The newest TensorFlow there was, with its Keras 2, which transformers 4.48 needs; they worked at the first try."""
WRITER = ROOT / "benchmarks" / "tensorflow_writer.py"
COMPARE = ROOT / "tests" / "support" / "tensorflow_checkpoints.py"
WRITTEN = tensorflow_checkpoints.DATA / "written.json"
PAGE = ROOT / "docs" / "tensorflow-checkpoints.md"
LIMIT = 1e-5
SHOWN = ("torch", "transformers", "onnx", "onnxruntime", "h5py")


def main() -> int:
    """Write what was asked for, compare, and write the page."""
    options = _options()
    if options.write:
        write(_environment(options.environment))
    with tempfile.TemporaryDirectory() as folder:
        here = compare(Path(sys.executable), Path(folder, "5"), "--graphs")
        there = compare(options.transformers_4 or environments.transformers_4(), Path(folder, "4"))
    written = json.loads(WRITTEN.read_text(encoding="utf-8"))
    PAGE.write_text(page(written, here, there), encoding="utf-8")
    figures = [row[kind] for rows in (here, there) for row in rows.values() for kind in ("pytorch", "graph")]
    return 0 if all(figure <= LIMIT for figure in figures if figure is not None) else 1


def write(python: Path) -> None:
    """Write every checkpoint in the TensorFlow environment and pack each family into an archive."""
    names = ("tensorflow", "tf-keras", "transformers", "numpy", "h5py")
    code = f"from importlib.metadata import version; print(', '.join(n + ' ' + version(n) for n in {names}))"
    versions = environments.run("TensorFlow's versions", python, "-c", code).strip()
    with tempfile.TemporaryDirectory() as folder:
        lines = environments.run("The checkpoints", python, WRITER, folder).splitlines()
        for family in sorted(Path(folder).iterdir()):
            archive = tensorflow_checkpoints.DATA / f"{family.name}.tar.xz"
            archive.write_bytes(lzma.compress(_tar(family), preset=9 | lzma.PRESET_EXTREME))
            print(f"{family.name}: {archive.stat().st_size} bytes", flush=True)
    written = {"versions": versions, "checkpoints": [json.loads(line) for line in lines if line.startswith("{")]}
    WRITTEN.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def compare(python: Path, folder: Path, *arguments: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Every checkpoint as that interpreter reads it, by family and feature."""
    folder.mkdir()
    done = subprocess.run(
        [python, COMPARE, folder, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    rows = map(json.loads, done.stdout.splitlines())
    return {(row["family"], row["feature"]): row for row in rows}


def page(written: dict[str, Any], here: dict[Any, Any], there: dict[Any, Any]) -> str:
    """The document: what made it, what TensorFlow never had, and a line for each checkpoint."""
    every = written["checkpoints"]
    without = [f"{entry['family']} {entry['feature']}" for entry in every if not entry["class"]]
    with_class = {(entry["family"], entry["feature"]): entry for entry in every if entry["class"]}
    ours = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    lines = [
        "# Checkpoints saved by TensorFlow",
        "",
        "Small checkpoints with random weights, written by TensorFlow's `save_pretrained()` and read here without "
        "TensorFlow.",
        "Each figure is the largest |Δ| over all outputs from what TensorFlow computed, padded rows among them; "
        f"the limit is {LIMIT}.",
        "DeBERTa is compared at the tokens that are not padding: TensorFlow lets padding attend to nothing, PyTorch to "
        "all.",
        "",
        f"Written with {written['versions']}; read with {ours},",
        f"and with transformers {environments.TRANSFORMERS_4} where the heading says so. The graph is the legacy "
        "exporter's.",
        "Made by `python benchmarks/tensorflow_checkpoints.py` "
        "([how](../benchmarks/README.md)). A test holds the same on every run.",
        "",
        f"TensorFlow had no class for: {', '.join(without)}; none for M2M-100 at all.",
        "",
        "| family | feature | written by | weights | PyTorch, transformers 5 | PyTorch, transformers 4.48 | graph |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for pair, entry in with_class.items():
        new, old = here[pair], there[pair]
        figures = f"{new['pytorch']:.1e} | {old['pytorch']:.1e} | {new['graph']:.1e}"
        lines.append(f"| `{pair[0]}` | {pair[1]} | {entry['class']} | {entry['weights']} | {figures} |")
    return "\n".join(lines) + "\n"


def _tar(folder: Path) -> bytes:
    """One family, the same bytes for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            info = archive.gettarinfo(path, path.relative_to(folder).as_posix())
            info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
            info.mode = 0o755 if path.is_dir() else 0o644
            archive.addfile(info, io.BytesIO(path.read_bytes()) if path.is_file() else None)
    return buffer.getvalue()


def _environment(directory: Path) -> Path:
    """The interpreter with TensorFlow; made where there is none."""
    python = directory / "bin" / "python"
    if not python.exists():
        environments.run("The TensorFlow environment", sys.executable, "-m", "venv", directory)
    environments.run("The TensorFlow environment", python, "-m", "pip", "install", "--quiet", *PACKAGES)
    return python


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the checkpoints again, with TensorFlow")
    parser.add_argument("--environment", type=Path, default=environments.cache_directory() / "tensorflow")
    parser.add_argument("--transformers-4", type=Path, help="interpreter with transformers 4.48 (default: the tests')")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
