"""Every registered pair with ten seeds: no false alarm. Writes docs/seeds.md.

    python benchmarks/seeds.py [--exporter legacy dynamo] [--only bert gpt2 | --first] [--part 1/2] [--again]

For the first architectures with `legacy` a seed means other weights and inputs: the model is made, exported and
validated anew. Others, and all with `dynamo` at ten times the cost, are exported once and validated with ten seeds of
inputs.
The page is written after each pair. A pair that stands in it, made with the same versions and as many seeds, is not run
again: so a run may be stopped, and dealt out with --part. It ends with 1 where a seed did not pass.
"""

from __future__ import annotations

import argparse
import gc
import re
import sys
import tempfile
import warnings
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "examples")]

import pages  # noqa: E402 - found through the line above

from support.architectures import FIRST  # noqa: E402
from transformers_export import tiny  # noqa: E402
from transformers_export.cases.providers import configuration_class  # noqa: E402
from transformers_export.onnx import FeaturesManager, export, validate  # noqa: E402
from transformers_export.onnx.convert import default_opset  # noqa: E402
from transformers_export.onnx.parts import parts_of  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transformers_export.onnx.validation.types import ValidationReport

PAGE = ROOT / "docs" / "seeds.md"
HEADINGS = ("model type", "feature", "exporter", "seeds passed", "most of the tolerance", "what did not", "commit")
Pair = tuple[str, str, str]
"""Model type, feature, exporter."""


@dataclass(frozen=True)
class Row:
    """One line of the table, as it is written."""

    model_type: str
    feature: str
    exporter: str
    passed: str
    share: str
    failed: str
    commit: str

    @property
    def pair(self) -> Pair:
        """What was run."""
        return self.model_type, self.feature, self.exporter


def main() -> int:
    """Run what is missing, print a line for each pair, and write the page."""
    options = _options()
    versions, commit = pages.versions(sys.executable), pages.commit()
    rows = {row.pair: row for row in read(options.output, versions)}
    wanted = [pair for pair in registered(options.exporter) if _asked_for(pair, options)]
    part, parts = map(int, options.part.split("/"))
    for pair in wanted[part - 1 :: parts]:
        standing = rows.get(pair)
        if standing and standing.passed.endswith(f"of {options.seeds}") and not options.again:
            continue
        row = _row(pair, [*_reports(pair, options.seeds)], commit)
        # Another part may have written meanwhile.
        rows = {row.pair: row for row in read(options.output, versions)} | {pair: row}
        options.output.write_text(page(rows.values(), versions), encoding="utf-8")
        print(" ".join(astuple(row)), flush=True)
        gc.collect()
    return 0 if all(not rows[pair].failed for pair in wanted if pair in rows) else 1


def registered(exporters: Iterable[str]) -> list[Pair]:
    """All pairs, the first architectures before the others."""
    types = [*FIRST, *(each for each in FeaturesManager.model_types() if each not in FIRST)]
    return [(each, feature, exporter) for exporter in exporters for each in types for feature in _features(each)]


def _features(model_type: str) -> list[str]:
    return list(FeaturesManager.features_of(model_type))


def _asked_for(pair: Pair, options: argparse.Namespace) -> bool:
    if options.only:
        return pair[0] in options.only
    return pair[0] in FIRST or not options.first


@cache
def _configuration(model_type: str) -> Any:
    return tiny.shrink(tiny.start(configuration_class(model_type)))


def _reports(pair: Pair, seeds: int) -> Iterator[list[ValidationReport] | Exception]:
    """What validation says with each seed, a report for each part of the model; or what was raised."""
    with tempfile.TemporaryDirectory(prefix="seeds-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported: list[Any] = []
        for seed in range(seeds):
            try:
                if not exported or _draws_weights(pair):
                    exported = list(_exported(pair, seed, Path(folder)))
                yield [validate(*each, seed=seed) for each in exported]
            except Exception as error:  # noqa: PERF203 - each seed is a run of its own
                yield error


def _draws_weights(pair: Pair) -> bool:
    return pair[0] in FIRST and pair[2] == "legacy"


def _exported(pair: Pair, seed: int, folder: Path) -> Iterator[tuple[Any, Any, Any, Path]]:
    model_type, feature, exporter = pair
    model_class = FeaturesManager.get_model_class_for_feature(feature, model_type=model_type)
    model = tiny.build_model(model_class, _configuration(model_type), seed=seed)
    whole = FeaturesManager.get_config(model_type, feature)(model.config)
    for part in parts_of(model, whole):
        preprocessor, path = tiny.make_preprocessor(part.model.config, part.model), folder / f"{part.name}.onnx"
        export(preprocessor, part.model, part.config, default_opset(part.config, exporter), path, exporter=exporter)
        yield part.config, preprocessor, part.model, path


def _row(pair: Pair, reports: list[list[ValidationReport] | Exception], commit: str) -> Row:
    failed, shares = [], [0.0]
    for seed, said in enumerate(reports):
        if isinstance(said, Exception):
            failed.append(f"seed {seed}: {type(said).__name__}: {said}")
            continue
        checks = [check for report in said for check in report.checks]
        failed += [f"seed {seed}: {c.name} {c.outcome}: {c.detail}" for c in checks if c.outcome != "passed"]
        shares += [output.share for report in said for output in report.outputs]
    passed = len(reports) - len({words.split(":")[0] for words in failed})
    words = " ".join("; ".join(failed)[:200].split()).replace("|", "\\|")
    return Row(*pair, f"{passed} of {len(reports)}", f"{max(shares):.0%}", words, commit)


def read(path: Path, versions: str) -> list[Row]:
    """The rows of a page that was made with the same versions; none of another."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if versions not in text:
        return []
    cells = (re.split(r" *(?<!\\)\| *", line[2:-2]) for line in text.splitlines() if line.startswith("| `"))
    return [Row(cell[0].strip("`"), *cell[1:]) for cell in cells if len(cell) == len(HEADINGS)]


def page(rows: Iterable[Row], versions: str) -> str:
    """The document."""
    order = {pair: place for place, pair in enumerate(registered(("dynamo", "legacy")))}
    known = sorted((row for row in rows if row.pair in order), key=lambda row: order[row.pair])
    lines = [
        "# Ten seeds without a false alarm",
        "",
        "Small models with random weights, exported and validated in full. For the first 35 architectures with",
        "`legacy` every seed draws other weights and inputs, and the graph is exported anew. All others are exported",
        "once and validated with every seed's inputs. Advice counts as an alarm here. Shown is the largest share of",
        "the tolerance.",
        "",
        f"Made by `python benchmarks/seeds.py`, each row at the commit it names, with {versions}.",
        "",
    ]
    for exporter in ("dynamo", "legacy"):
        mine = [row for row in known if row.exporter == exporter]
        good = sum(not row.failed for row in mine)
        runs = sum(int(row.passed.split(" of ")[1]) for row in mine)
        total = len([pair for pair in order if pair[2] == exporter])
        if mine:
            lines.append(
                f"- {exporter}: {good} of {len(mine)} pairs without an alarm in {runs:,} runs, {total} are registered"
            )
    lines += ["", f"| {' | '.join(HEADINGS)} |", "|---|---|---|--:|--:|---|---|"]
    lines += [f"| `{row.model_type}` | {' | '.join(astuple(row)[1:])} |" for row in known]
    return "\n".join(lines) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exporter", nargs="+", choices=("legacy", "dynamo"), default=("legacy", "dynamo"))
    parser.add_argument("--only", nargs="+", choices=FeaturesManager.model_types(), metavar="MODEL_TYPE")
    parser.add_argument("--first", action="store_true", help="the first architectures alone")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--part", default="1/1", help="every Nth pair, as 1/N to N/N")
    parser.add_argument("--again", action="store_true", help="run pairs that stand in the page too")
    parser.add_argument("--output", type=Path, default=PAGE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
