"""A model above 2 GB: exported with external data, loaded, validated, and how much memory that takes at most.

    python benchmarks/large.py [--gigabytes 2.3] [--exporter legacy dynamo] [--directory DIRECTORY] [--write]

Writes a GPT-2 with random weights of that size, exports causal-lm-with-past from it with the export command, a process
of its own for each exporter, and prints peak memory as a multiple of the weights. Ends with 1 where an export fails,
has no external data, or takes more than three times its weights. It needs 8 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pages
import processes

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
MOST = 3.0
"""Times its weights that an export may take."""
WIDTH, WORDS, POSITIONS = 1600, 1000, 256
WRITER = """
import sys
from pathlib import Path
import torch
import transformers
from transformers_export import tiny

width, words, positions, layers = map(int, sys.argv[2:])
shared = {"vocab_size": words, "n_positions": positions, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
config = transformers.GPT2Config(n_embd=width, n_head=width // 64, n_layer=layers, **shared)
torch.manual_seed(0)
model = transformers.GPT2LMHeadModel(config).eval()
tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), Path(sys.argv[1]))
print(sum(parameter.nbytes for parameter in model.parameters()))
"""
"""In a process of its own: who measures must stay small."""


def main() -> int:
    """Write the model, export it and print what it took."""
    options = _options()
    rows, good = [], True
    with tempfile.TemporaryDirectory(prefix="large-", dir=options.directory) as folder:
        weights = _write(Path(folder) / "checkpoint", options.gigabytes)
        print(f"weights: {weights / 1e9:.2f} GB", flush=True)
        for exporter in options.exporter:
            run, files = _export(Path(folder), exporter)
            ratio = run.peak * 1e6 / weights
            sizes = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in files.items())
            rows.append(f"| {exporter} | {run.wall:.0f} | {run.cpu:.0f} | {run.peak:.0f} | {ratio:.2f} | {sizes} |")
            print(rows[-1], flush=True)
            good = good and run.code == 0 and "model.onnx.data" in files and ratio <= MOST
    if options.write:
        pages.write_section(PAGE, "large", _section(weights, rows))
    return 0 if good else 1


def _write(directory: Path, gigabytes: float) -> int:
    layers = round((gigabytes * 1e9 / 4 - WORDS * WIDTH) / (12 * WIDTH * WIDTH) + 0.5)
    sizes = [str(size) for size in (WIDTH, WORDS, POSITIONS, layers)]
    command = [sys.executable, "-c", WRITER, str(directory), *sizes]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def _export(folder: Path, exporter: str) -> tuple[processes.Measured, dict[str, int]]:
    output, log = folder / exporter, folder / "log"
    command = (sys.executable, "-m", "transformers_export.onnx", "--model", folder / "checkpoint")
    feature = ("--feature", "causal-lm-with-past", "--exporter", exporter, output)
    run = processes.measure((*command, *feature), log)
    if run.code:
        print(f"{exporter}: ended with {run.code}\n{log.read_text()[-1500:]}", flush=True)
    files = {path.name: path.stat().st_size for path in sorted(output.glob("*"))}
    for path in output.glob("*"):
        path.unlink()
    return run, files


def _section(weights: int, rows: list[str]) -> str:
    head = [
        "## A model above 2 GB",
        "",
        f"`python {' '.join(['benchmarks/large.py', *sys.argv[1:]])}` on {os.cpu_count()} cores: GPT-2 with past, "
        f"random weights of {weights / 1e9:.2f} GB, exported with external data and validated in full.",
        "",
        "| exporter | wall s | CPU s | peak MB | × weights | files |",
        "|---|--:|--:|--:|--:|---|",
    ]
    return "\n".join([*head, *rows])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2.3)
    parser.add_argument("--exporter", nargs="+", choices=["legacy", "dynamo"], default=["legacy", "dynamo"])
    parser.add_argument("--directory", type=Path, help="where to write, if not in the system's temporary directory")
    parser.add_argument("--write", action="store_true", help="write the table into docs/performance.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
