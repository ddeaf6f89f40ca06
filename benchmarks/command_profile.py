"""Where the time and memory of the export command go at base size: writes its part of docs/performance.md.

    python benchmarks/command_profile.py [--only bert gpt2 t5 vit] [--no-write]

The legacy exporter, one process a model, whose functions are timed in CPU seconds; what one calls of the others counts
for those. Memory is looked at after every run of the graph. Two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pages
import peers

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = ("start and imports", "loading", "capture", "writing", "PyTorch", "ONNX Runtime", "the rest")


def main() -> int:
    """Profile each model and write the tables."""
    options = _options()
    if options.inside:
        return inside(options.inside)
    rows = []
    for model_type in options.only:
        with tempfile.TemporaryDirectory(prefix="profile-") as folder:
            checkpoint = peers.write_checkpoint(Path(folder), model_type, "base")
            feature = peers.FEATURES[model_type][0]
            arguments = (
                "--model",
                f"{folder}/checkpoint",
                "--feature",
                feature,
                "--exporter",
                "legacy",
                f"{folder}/out",
            )
            command = (sys.executable, __file__, "--inside", *arguments)
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append((checkpoint, json.loads(done.stdout.splitlines()[-1])))
    section = _section(rows)
    print(section)
    if options.write:
        pages.write_section(peers.PAGE, "profile", section)
    return 0


def inside(arguments: list[str]) -> int:
    """Run the command in this process and print what was measured as JSON."""
    from transformers_export.onnx import alone, command, lean_imports

    spent: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    memory = {"own": 0, "mapped": 0}
    imported = lean_imports.import_modeling

    def import_modeling() -> None:
        imported()
        spent["start and imports"] = time.process_time()
        _watch(spent, calls, memory)

    def run() -> int:
        code = command.main(arguments, alone=True)
        spent["the rest"] = time.process_time() - sum(spent.values())
        print(json.dumps({"spent": spent, "calls": calls, "memory": memory}))
        return code

    lean_imports.import_modeling = import_modeling
    alone.run(run)
    return 1


def _watch(spent: Counter[str], calls: Counter[str], memory: dict[str, int]) -> None:
    """Put clocks around functions, once the modules that the command imports first are there."""
    import torch

    from transformers_export.onnx import checkpoint, convert, exporters, flat
    from transformers_export.onnx.validation import runs

    def timed(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if step == "PyTorch" and torch.jit.is_tracing():
                return function(*args, **kwargs)
            start, others = time.process_time(), sum(spent.values())
            try:
                return function(*args, **kwargs)
            finally:
                spent[step] += time.process_time() - start - (sum(spent.values()) - others)
                calls[step] += 1
                if step == "ONNX Runtime":
                    _look(memory)

        return call

    found = exporters.find
    exporters.find = lambda name: timed("capture", found(name))  # type: ignore[assignment]
    checkpoint.load_model = timed("loading", checkpoint.load_model)
    convert.save = timed("writing", convert.save)
    flat.FlatModel.forward = timed("PyTorch", flat.FlatModel.forward)  # type: ignore[method-assign]
    runs.run_graph = timed("ONNX Runtime", runs.run_graph)


def _look(memory: dict[str, int]) -> None:
    """Keep what is resident where it is the most that was seen."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    own, mapped = (int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile"))
    if own + mapped > sum(memory.values()):
        memory.update(own=own, mapped=mapped)


def _section(rows: list[tuple[peers.Checkpoint, dict[str, Any]]]) -> str:
    lines = [
        "### Where it goes at base size",
        "",
        f"`python {' '.join(['benchmarks/command_profile.py', *sys.argv[1:]])}` on {os.cpu_count()} cores: CPU seconds "
        "of our command with `legacy`, and in brackets how often the model and the graph ran.",
        "",
        f"| model | {' | '.join(STEPS)} | all |",
        f"|---|{'--:|' * (len(STEPS) + 1)}",
    ]
    for checkpoint, measured in rows:
        spent, calls = measured["spent"], measured["calls"]
        cells = [f"{spent[step]:.1f}" for step in STEPS]
        for step in ("PyTorch", "ONNX Runtime"):
            cells[STEPS.index(step)] += f" ({calls[step]})"
        lines.append(f"| {checkpoint.model_type} | {' | '.join(cells)} | {sum(spent.values()):.1f} |")
    lines += [
        "",
        "The most memory that was seen after a run of the graph, in MB: weights twice, as PyTorch maps the checkpoint "
        "and ONNX Runtime the file that was written; what else is mapped, libraries, less those weights that no run "
        "read; and the process's own.",
        "",
        "| model | weights, twice | other files | own | all |",
        "|---|--:|--:|--:|--:|",
    ]
    for checkpoint, measured in rows:
        own, mapped = measured["memory"]["own"] / 1e6, measured["memory"]["mapped"] / 1e6
        weights = 2 * checkpoint.weights / 1e6
        figures = (weights, mapped - weights, own, own + mapped)
        lines.append(f"| {checkpoint.model_type} | {' | '.join(f'{figure:.0f}' for figure in figures)} |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=peers.FEATURES, default=list(peers.FEATURES))
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only, leave the page as it is")
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
