"""Our export command beside optimum-onnx 0.1.0 and transformers.onnx 4.48: writes its part of docs/performance.md.

    python benchmarks/peers.py [--only bert gpt2 t5 vit] [--sizes tiny base] [--tiny-rounds 5] [--base-rounds 3]

Whole processes: each reads the same checkpoint with random weights, exports it and validates what it wrote. In each
round everyone has one turn, so that a busy machine is busy for all. Ours with dynamo runs once a checkpoint, for
comparison. About 15 minutes on a quiet machine with 2 cores, and two more the first time, for the environments.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pages
import peers_environments
import peers_picture
import processes
from peers_environments import ROOT

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "picture" / "peers.svg"
FEATURES = {
    "bert": ("default", "feature-extraction"),
    "gpt2": ("causal-lm-with-past", "text-generation-with-past"),
    "t5": ("seq2seq-lm-with-past", "text2text-generation-with-past"),
    "vit": ("image-classification", "image-classification"),
}
"""What each is exported for: in our words, and in optimum's."""
OURS, DYNAMO, OPTIMUM, OLD, FORCED = (
    "ours, legacy",
    "ours, dynamo",
    "optimum-onnx 0.1.0",
    "transformers.onnx 4.48",
    "transformers.onnx 4.48, forced",
)
ONCE = (DYNAMO, OLD)
"""Not what is compared: one turn is enough."""
FIGURES = (("wall", "wall s", 2), ("cpu", "CPU s", 2), ("peak", "peak MB", 0), ("own", "own MB", 0))


@dataclass(frozen=True)
class Checkpoint:
    """What everyone exports in one race."""

    model_type: str
    size: str
    weights: int
    """Bytes of its parameters."""


Race = dict[str, list[processes.Measured]]
"""Runs by contender; none of them failed, or it is the only one."""


def main() -> int:
    """Run what was asked for, print the tables and write page and picture."""
    options = _options()
    rounds = {"tiny": options.tiny_rounds, "base": options.base_rounds}
    races: dict[Checkpoint, Race] = {}
    for size in options.sizes:
        for model_type in options.only:
            with tempfile.TemporaryDirectory(prefix="peers-") as folder:
                checkpoint = write_checkpoint(Path(folder), model_type, size)
                races[checkpoint] = _race(Path(folder), checkpoint, rounds[size])
            print("\n".join(_rows(checkpoint, races[checkpoint])), flush=True)
    if options.write:
        ratios = {f"{c.model_type} {c.size}": _ratios(race) for c, race in races.items()}
        PICTURE.write_text(peers_picture.draw(ratios), encoding="utf-8")
        pages.write_section(PAGE, "peers", _section(races, rounds))
    return 0 if all(run.code == 0 for race in races.values() for run in race[OURS]) else 1


def write_checkpoint(folder: Path, model_type: str, size: str) -> Checkpoint:
    """Write `checkpoint` into a folder; the process ends where it cannot be written."""
    log = folder / "writer.log"
    script = ROOT / "benchmarks" / "peers_checkpoints.py"
    command = (peers_environments.transformers_onnx(), script, folder / "checkpoint", model_type, size)
    done = processes.measure(command, log, {"PYTHONPATH": str(ROOT / "src")})
    if done.code:
        raise SystemExit(f"The checkpoint {model_type} {size} could not be written:\n{log.read_text()[-2000:]}")
    return Checkpoint(model_type, size, int(log.read_text().split()[-1]))


def _race(folder: Path, checkpoint: Checkpoint, rounds: int) -> Race:
    """Everyone's turns; who fails once has no second."""
    race: Race = {}
    for place in range(rounds):
        for name, command in _commands(folder, checkpoint).items():
            runs = race.setdefault(name, [])
            if (place and name in ONCE) or any(run.code for run in runs):
                continue
            # As on a user's machine: each decides on its own threads.
            environment = {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
            runs.append(processes.measure(command, folder / "run.log", environment))
            if runs[-1].code:
                print(f"{name}: ended with {runs[-1].code}\n{(folder / 'run.log').read_text()[-600:]}", flush=True)
    return race


def _commands(folder: Path, checkpoint: Checkpoint) -> dict[str, tuple[str | Path, ...]]:
    ours, optimum = FEATURES[checkpoint.model_type]
    model, output = folder / "checkpoint", folder / "out"
    old = peers_environments.transformers_onnx()
    export = (sys.executable, "-m", "transformers_export.onnx", "--model", model, "--feature", ours)
    arguments = ("--model", model, "--feature", ours)
    return {
        OURS: (*export, "--exporter", "legacy", output / "legacy"),
        OPTIMUM: (
            peers_environments.optimum_onnx(),
            *("-m", "optimum.exporters.onnx", "--model", model, "--task", optimum, output / "optimum"),
        ),
        FORCED: (
            old,
            *(ROOT / "benchmarks" / "peers_forced.py", *arguments, "--opset", "14", output / "forced"),
        ),
        OLD: (old, "-m", "transformers.onnx", *arguments, output / "old"),
        DYNAMO: (*export, "--exporter", "dynamo", output / "dynamo"),
    }


def _ratios(race: Race) -> dict[str, float]:
    """Ours to optimum's, of medians, by figure."""
    return {
        figure: processes.median(race[OURS], figure) / processes.median(race[OPTIMUM], figure) for figure, *_ in FIGURES
    }


def _rows(checkpoint: Checkpoint, race: Race) -> list[str]:
    rows = []
    for name, runs in race.items():
        cells = [f"{checkpoint.model_type} {checkpoint.size}", name]
        if any(run.code for run in runs):
            rows.append(f"| {' | '.join([*cells, *[f'fails, {runs[-1].code}', *[''] * 5]])} |")
            continue
        for figure, _, digits in FIGURES:
            ratio = processes.median(runs, figure) / processes.median(race[OPTIMUM], figure)
            cells += [processes.ranged(runs, figure, digits), f"{ratio:.2f}"]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _section(races: dict[Checkpoint, Race], rounds: dict[str, int]) -> str:
    here = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "onnxruntime"))
    head = [
        "## Beside the other exporters",
        "",
        f"`python {' '.join(['benchmarks/peers.py', *sys.argv[1:]])}` on {os.cpu_count()} cores with {here}. "
        "optimum-onnx runs with transformers 4.57.6, transformers.onnx is that of 4.48.0, both with the same torch.",
        f"Whole processes: medians of {rounds['tiny']} rounds for tiny models and {rounds['base']} at base size, with "
        "their range; `×` is the ratio of medians to optimum's.",
        "Peak memory counts mapped files; own is what is no file's, which the system cannot take back. We map the "
        "weights, of the checkpoint and of the file that was written. Ours validates three shapes (images) to eight "
        "and more, the others one.",
        "",
        "`forced` is transformers.onnx with `dynamo=False` and opset 14, as it was made for: today's torch takes "
        "dynamo unless told otherwise.",
        "",
        "![CPU time and peak memory as a share of optimum's](picture/peers.svg)",
        "",
        f"| model | exporter | {' | × | '.join(title for _, title, _ in FIGURES)} | × |",
        f"|---|---|{'--:|' * 2 * len(FIGURES)}",
    ]
    return "\n".join([*head, *(row for checkpoint, race in races.items() for row in _rows(checkpoint, race))])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=FEATURES, default=list(FEATURES))
    parser.add_argument("--sizes", nargs="+", choices=["tiny", "base"], default=["tiny", "base"])
    parser.add_argument("--tiny-rounds", type=int, default=5)
    parser.add_argument("--base-rounds", type=int, default=3)
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only, leave the page as it is")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
