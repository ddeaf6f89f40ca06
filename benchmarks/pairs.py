"""Every registered (model type, feature) through each exporter, held against PyTorch: writes docs/pairs.md.

    python benchmarks/pairs.py [--exporter dynamo legacy] [--only bert gpt2] [--jobs 1] [--python PATH] [--output FILE]
    python benchmarks/pairs.py --target torchscript ...       writes docs/torchscript-pairs.md

Each pair is a case as `check` runs it: a small model with random weights in a process of its own, exported, and
validated in full. Rows of other pairs and exporters that stand in the file stay, if they were made with the same
versions; each row says at which commit it was made. Pairs that the interpreter's transformers has no model for are left
out.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import pages  # noqa: E402 - found through the line above

from transformers_export.cases.plan import expected_failure  # noqa: E402 - found through the line above
from transformers_export.cases.types import Case, Provider  # noqa: E402
from transformers_export.cases.workers import Workers, run_cases  # noqa: E402
from transformers_export.onnx.features import FeaturesManager  # noqa: E402
from transformers_export.project import Settings, read_settings  # noqa: E402
from transformers_export.source.tree import working_tree  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transformers_export.verdict.types import CaseResult

EXPORTERS: tuple[Any, ...] = ("dynamo", "legacy")
PAGES = {"onnx": "pairs.md", "torchscript": "torchscript-pairs.md"}
CHECKS = {
    "onnx": "checker, data, names, types, axes, values, effect, past",
    "torchscript": "file, names, weights, axes, values, past; at the traced size, six others and with padded rows",
}
_THERE = """
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
from transformers_export.onnx.features import FeaturesManager
known = {name.replace("_", "-"): name for name in CONFIG_MAPPING_NAMES}
for model_type in FeaturesManager.model_types():
    for feature in FeaturesManager.features_of(model_type):
        try:
            model_class = FeaturesManager.get_model_class_for_feature(feature, model_type=model_type)
        except KeyError:
            continue
        mapping = getattr(model_class, "_model_mapping", None)
        if model_type in known and (mapping is None or known[model_type] in mapping._model_mapping):
            print(model_type, feature)
"""
GOOD = ("passed", "expected-failure")
HEADINGS = ("model type", "feature", "exporter", "result", "max difference", "seconds", "commit")


@dataclass(frozen=True)
class Row:
    """One line of the table, as it is written."""

    model_type: str
    feature: str
    exporter: str
    result: str
    difference: str
    seconds: str
    commit: str


def main() -> int:
    """Run what was asked for, print a line for each pair, and write the table."""
    options = _options()
    cases = tuple(_cases(options))
    versions, commit = pages.versions(options.python), pages.commit()
    kept = read(options.output, versions) if options.output.exists() else []
    table = {(row.model_type, row.feature, row.exporter): row for row in kept}
    done: list[Row] = []

    def progress(case: Case, result: CaseResult | None) -> None:
        """Write the table after each case: a sweep takes its time, and may be interrupted."""
        if result is None:
            return
        row = _row(result, commit)
        done.append(row)
        table[row.model_type, row.feature, row.exporter] = row
        options.output.write_text(page(table.values(), versions, options.target), encoding="utf-8")
        print(f"{len(done):4}/{len(cases)}  {case.id:55} {row.result}  {row.seconds} s", flush=True)

    run_cases(cases, Workers(options.python, jobs=options.jobs), progress)
    return 0 if all(row.result.startswith(GOOD) for row in done) else 1


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    """What was asked for, of what the interpreter's transformers has.

    Failures are expected of the transformers that the tests run with; another may not have them.
    """
    settings = read_settings(working_tree(ROOT)) if options.python == sys.executable else Settings()
    there = _there(options.python)
    for exporter in options.exporter if options.target == "onnx" else ("torchscript",):
        for model_type in options.only or FeaturesManager.model_types():
            for feature in FeaturesManager.features_of(model_type):
                if (model_type, feature) in there:
                    reason = expected_failure(settings, model_type, feature, exporter)
                    provider = Provider("ready-made")
                    yield Case(model_type, feature, options.target, exporter, provider, expected_failure=reason)


def _there(python: str) -> set[tuple[str, str]]:
    """The registered pairs that an interpreter's transformers has a model class for."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([python, "-c", _THERE], capture_output=True, text=True, check=True, env=environment)
    return {(model_type, feature) for model_type, feature in map(str.split, done.stdout.splitlines())}


def read(path: Path, versions: str) -> list[Row]:
    """The rows of a table that was made with the same versions; none of another."""
    text = path.read_text(encoding="utf-8")
    if versions not in text:
        return []
    cells = (re.split(r" *(?<!\\)\| *", line.strip("| ")) for line in text.splitlines() if line.startswith("| `"))
    return [Row(cell[0].strip("`"), *cell[1:]) for cell in cells if len(cell) == len(HEADINGS)]


def page(rows: Iterable[Row], versions: str, target: str = "onnx") -> str:
    """The document: what made it, how many passed, and a line for each pair and exporter."""
    registered = {
        (model_type, feature): place
        for place, (model_type, feature) in enumerate(
            (model_type, feature)
            for model_type in FeaturesManager.model_types()
            for feature in FeaturesManager.features_of(model_type)
        )
    }
    known = [row for row in rows if (row.model_type, row.feature) in registered]
    known.sort(key=lambda row: (registered[row.model_type, row.feature], row.exporter))
    lines = [
        f"# Every model type and feature{'' if target == 'onnx' else ' as TorchScript'}",
        "",
        "Small models with random weights, exported and validated with every check of the commit that a row names.",
        f"Today these are: {CHECKS[target]}.",
        "Max difference is the largest |Δ| from PyTorch over all outputs and shapes; tolerances grow with the outputs.",
        "",
        f"Made by `python benchmarks/pairs.py{'' if target == 'onnx' else ' --target torchscript'}`, "
        "each row at the commit it names, with",
        f"{versions}.",
        "",
    ]
    for exporter in (*EXPORTERS, "torchscript"):
        mine = [row for row in known if row.exporter == exporter]
        passed = sum(row.result == "passed" for row in mine)
        expected = sum(row.result.startswith("expected-failure") for row in mine)
        if mine:
            failing = f", {expected} expected to fail" if expected else ""
            lines.append(f"- {exporter}: {passed} of {len(mine)} passed{failing}, {len(registered)} are registered")
    lines += ["", f"| {' | '.join(HEADINGS)} |", "|---|---|---|---|--:|--:|---|"]
    lines += [f"| `{row.model_type}` | {' | '.join(astuple(row)[1:])} |" for row in known]
    return "\n".join(lines) + "\n"


def _row(result: CaseResult, commit: str) -> Row:
    reason = _reason(result)
    said = f"{result.outcome}: {reason}" if reason else result.outcome
    difference = "" if result.max_difference is None else f"{result.max_difference:.1e}".replace("0.0e+00", "0")
    seconds = f"{result.seconds:.1f}"
    return Row(result.model_type, result.feature, result.exporter, said, difference, seconds, commit)


def _reason(result: CaseResult) -> str:
    """What there is to say against a case, advice too, in one line that a table can hold; nothing in most."""
    told = [f"{check.name} {check.outcome}: {check.detail}" for check in result.checks if check.outcome != "passed"]
    if result.error:
        told.append(f"{result.error.type}: {result.error.message}")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "; ".join(told or [result.reason]))  # torch colours what it says
    words = " ".join(plain.split())
    return words[:200].replace("\\", "/").replace("|", "\\|").replace("`", "'")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", choices=PAGES, default="onnx")
    parser.add_argument("--exporter", nargs="+", choices=EXPORTERS, default=EXPORTERS)
    parser.add_argument("--only", nargs="+", choices=FeaturesManager.model_types(), metavar="MODEL_TYPE")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--python", default=sys.executable, help="interpreter with torch and transformers")
    parser.add_argument("--output", type=Path, help="default: docs/pairs.md, docs/torchscript-pairs.md")
    options = parser.parse_args()
    options.output = options.output or ROOT / "docs" / PAGES[options.target]
    return options


if __name__ == "__main__":
    sys.exit(main())
