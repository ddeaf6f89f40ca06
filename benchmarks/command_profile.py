"""Where the time and memory of the export command go at base size: writes its part of docs/performance.md.

    python benchmarks/command_profile.py [--only bert gpt2 t5 vit] [--no-write]

The legacy exporter, one process a model, whose functions are timed in CPU seconds; what one calls of the others counts
for those. Memory is looked at after every run of the graph. For vit, whose rows are all alike, it says what the
arithmetic takes at the least. Two minutes.
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
import processes

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = ("start and imports", "loading", "capture", "writing", "PyTorch", "ONNX Runtime", "the rest")


def main() -> int:
    """Profile each model and write the tables."""
    options = _options()
    if options.inside:
        return inside(options.inside)
    if options.floor:
        return floor(options.floor)
    rows = []
    for model_type in options.only:
        with tempfile.TemporaryDirectory(prefix="profile-") as folder:
            checkpoint = peers.write_checkpoint(Path(folder), model_type, "base")
            feature = peers.FEATURES[model_type][0]
            model = ("--model", f"{folder}/checkpoint", "--feature", feature)
            measured = _in_a_process("--inside", *model, "--exporter", "legacy", f"{folder}/out")
            if model_type == "vit":
                measured["floor"] = _in_a_process("--floor", f"{folder}/checkpoint")
            rows.append((checkpoint, measured))
    section = _section(rows)
    print(section)
    if options.write:
        pages.write_section(peers.PAGE, "profile", section)
    return 0


def _in_a_process(*arguments: str) -> dict[str, Any]:
    done = subprocess.run((sys.executable, __file__, *arguments), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def floor(checkpoint: str) -> int:
    """Print as JSON how many GFLOP a model needs for an image, and how many a core does a second in such products."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoModelForImageClassification

    torch.set_num_threads(1)
    model = AutoModelForImageClassification.from_pretrained(checkpoint).eval()
    config = model.config
    image = torch.randn(1, config.num_channels, config.image_size, config.image_size)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(image)
    patches = (config.image_size // config.patch_size) ** 2 + 1  # and one for the whole image
    rows, inner, outer = 3 * patches, config.hidden_size, config.intermediate_size
    left, right, bias = torch.randn(rows, inner), torch.randn(outer, inner), torch.randn(outer)
    ways: tuple[Callable[[], Any], ...] = (
        lambda: torch.nn.functional.linear(left, right, bias),
        lambda: torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], ""),
    )
    took = min(_seconds(way) for way in ways for _ in range(40))
    print(json.dumps({"image": counter.get_total_flops() / 1e9, "rate": 2 * rows * inner * outer / took / 1e9}))
    return 0


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def inside(arguments: list[str]) -> int:
    """Run the command in this process and print what was measured as JSON."""
    from transformers_export.onnx import alone, command, lean_imports

    spent: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    memory = {"own": 0, "mapped": 0}
    imported = lean_imports.import_modeling

    def import_modeling() -> None:
        imported()
        spent["start and imports"] = time.process_time()
        _watch(spent, calls, rows, memory)

    def run() -> int:
        code = command.main(arguments, alone=True)
        spent["the rest"] = time.process_time() - sum(spent.values())
        print(json.dumps({"spent": spent, "calls": calls, "memory": memory, "rows": rows}))
        return code

    lean_imports.import_modeling = import_modeling
    alone.run(run)
    return 1


def _watch(spent: Counter[str], calls: Counter[str], rows: Counter[str], memory: dict[str, int]) -> None:
    """Put clocks around functions, once the modules that the command imports first are there."""
    import torch

    from transformers_export.onnx import checkpoint, convert, exporters, flat
    from transformers_export.onnx.validation import runs

    def timed(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if step in ("PyTorch", "ONNX Runtime"):
                rows["capture" if torch.jit.is_tracing() else step] += _rows(args[1])
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


def _rows(given: Any) -> int:
    """Of the batch: what the model is called with first, or what the graph is called with by name."""
    first = next(iter(given.values())) if isinstance(given, dict) else given
    return int(first.shape[0])


def _look(memory: dict[str, int]) -> None:
    """Keep what is resident where it is the most that was seen."""
    own, mapped = processes.resident("self")
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
        "The most memory that was seen after a run of the graph, in MB: what is mapped, which is libraries, the "
        "checkpoint by PyTorch and the file that was written by ONNX Runtime, as far as it lies in memory; and the "
        "process's own.",
        "",
        "| model | weights | mapped | own | all |",
        "|---|--:|--:|--:|--:|",
    ]
    for checkpoint, measured in rows:
        own, mapped = measured["memory"]["own"] / 1e6, measured["memory"]["mapped"] / 1e6
        figures = (checkpoint.weights / 1e6, mapped, own, own + mapped)
        lines.append(f"| {checkpoint.model_type} | {' | '.join(f'{figure:.0f}' for figure in figures)} |")
    return "\n".join([*lines, *(line for _, measured in rows for line in _least(measured))])


def _least(measured: dict[str, Any]) -> list[str]:
    """What the arithmetic takes where rows are alike, in words; nothing elsewhere."""
    if "floor" not in measured:
        return []
    rows, image, rate = measured["rows"], measured["floor"]["image"], measured["floor"]["rate"]
    images = sum(rows.values())
    each = ", ".join(f"{count} {step}" for step, count in rows.items())
    return [
        "",
        f"Of vit {images} images are computed ({each}), {image:.1f} GFLOP each. The fastest product of its sizes, of "
        f"PyTorch's and oneDNN's, ran at {rate:.0f} GFLOP a second on one core: {images * image / rate:.1f} s at the "
        "least.",
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=peers.FEATURES, default=list(peers.FEATURES))
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only, leave the page as it is")
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("--floor", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
