"""Every planted defect through our validation and through other packages': writes docs/defects.md.

    python benchmarks/defects.py [--seed 0] [--only layer-dropped mask-ignored] [--output FILE]

The seed decides at which layer a defect is planted. The catalogue is that of the tests, tests/support/wrong_exports;
what the other packages are given, and how, is said in defects_peers.py. Ends with 1 where ours lets one through.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [str(ROOT / name) for name in ("src", "tests", "examples")]
sys.path[:0] = FOLDERS

import pages  # noqa: E402 - found through the line above
import peers_environments  # noqa: E402

from support.wrong_exports.catalogue import CATALOGUE  # noqa: E402
from support.wrong_exports.examining import examine, layer_of  # noqa: E402
from support.wrong_exports.making import GoodFiles  # noqa: E402
from support.wrong_exports.types import BOTH  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.wrong_exports.types import Defect

PEERS = {
    "optimum": ("optimum-onnx 0.1.0", peers_environments.optimum_onnx),
    "transformers": ("transformers.onnx 4.48", peers_environments.transformers_onnx),
}


@dataclass(frozen=True)
class Said:
    """What one validation says of one defect."""

    verdict: str
    """caught, let through or not applicable."""
    why: str = ""
    located: bool | None = None
    """Whether the right module is named; None for defects that are in none."""


Column = dict[str, Said]
"""Defect's name to what is said of it."""


def main() -> int:
    """Run all columns and write the page."""
    options = _options()
    asked = [defect for defect in CATALOGUE if not options.only or defect.name in options.only]
    columns = {exporter: ours(exporter, asked, options.seed) for exporter in BOTH}
    for peer in PEERS:
        columns[peer] = theirs(peer, asked, options.seed)
    versions = f"{pages.versions(sys.executable)}, at {pages.commit()}, seed {options.seed}"
    options.output.write_text(page(asked, columns, versions), encoding="utf-8")
    return 1 if any(said.verdict == "let through" for exporter in BOTH for said in columns[exporter].values()) else 0


def ours(exporter: str, asked: Sequence[Defect], seed: int) -> Column:
    """What our checks say: caught where the check that is named for the defect fails."""
    column: Column = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        good = GoodFiles(Path(folder))
        for defect in asked:
            if exporter not in defect.exporters:
                column[defect.name] = Said("not applicable", defect.elsewhere)
                continue
            path = Path(folder) / f"{defect.name}.onnx"
            found = examine(defect, exporter, layer_of(defect, seed), path, good)
            others = f"the checks that failed: {', '.join(found.failed) or 'none'}"
            located = not found.misplaced if defect.located else None
            where = f"named {found.located or 'none'}, planted in {found.made.module}" if located is False else ""
            caught = found.caught(defect)
            column[defect.name] = Said("caught" if caught else "let through", where if caught else others, located)
            print(exporter, defect.name, column[defect.name], flush=True)
    return column


def theirs(peer: str, asked: Sequence[Defect], seed: int) -> Column:
    """What another package says, in its own environment."""
    script = [str(ROOT / "benchmarks" / "defects_peers.py"), peer, "--seed", str(seed)]
    only = ["--only", *(defect.name for defect in asked)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(FOLDERS)}
    python = str(PEERS[peer][1]())
    done = subprocess.run([python, *script, *only], stdout=subprocess.PIPE, text=True, env=environment, check=True)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: Said(verdict, why) for name, verdict, why in said}


def page(asked: Sequence[Defect], columns: Mapping[str, Column], versions: str) -> str:
    """The document."""
    notes: dict[str, int] = {}
    lines = [
        "# Planted defects: who catches what",
        "",
        "Every defect of the tests' catalogue, planted at a random layer of a small model. *Ours* counts as caught",
        "only where the check that is named for the defect fails, and says in how many the module that is named is the",
        "one with the defect. The others count as caught where their validation raises anything, on the same file,",
        "model, weights and names of inputs, each in its own environment, and only where they accept the good file.",
        "",
        f"Made by `python benchmarks/defects.py` with {versions}.",
        "",
    ]
    for name, column in columns.items():
        lines.append(f"- {_title(name)}: {_summary(column)}")
    lines += ["", f"| defect | what is wrong | planted in | check | {' | '.join(map(_title, columns))} |"]
    lines.append(f"|---|---|---|---|{'---|' * len(columns)}")
    for defect in asked:
        cells = [_cell(column[defect.name], notes) for column in columns.values()]
        lines.append(
            f"| {defect.name} | {defect.what} | {defect.planting.place} | {defect.check} | {' | '.join(cells)} |"
        )
    lines += ["", *(f"{number}. {note}" for note, number in notes.items())]
    return "\n".join(lines) + "\n"


def _title(column: str) -> str:
    return PEERS[column][0] if column in PEERS else f"ours, {column}"


def _summary(column: Column) -> str:
    counts = Counter(said.verdict for said in column.values())
    applied = counts["caught"] + counts["let through"]
    words = f"{counts['caught']} of {applied} caught, {counts['not applicable']} not applicable"
    located = [said.located for said in column.values() if said.located is not None]
    return words + (f"; the right module named for {sum(located)} of {len(located)}" if located else "")


def _cell(said: Said, notes: dict[str, int]) -> str:
    located = {True: ", located", False: ", located elsewhere", None: ""}[said.located]
    verdict = {"caught": f"caught{located}", "let through": "**let through**", "not applicable": "–"}[said.verdict]
    if not said.why or (said.verdict == "caught" and said.located is not False):
        return verdict
    note = said.why.replace("|", "/")
    return f"{verdict} ({notes.setdefault(note, len(notes) + 1)})"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=[defect.name for defect in CATALOGUE], metavar="DEFECT")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "defects.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
