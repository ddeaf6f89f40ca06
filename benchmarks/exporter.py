"""Each case in a warm worker against a plain call of transformers' OnnxExporter: a section of docs/performance.md.

    python benchmarks/exporter.py [--only bert gpt2 | --all] [--repeat 1]

Both run in forks of one process, in turn, on the same small models: the plain call in one that has imported torch,
transformers and the exporter, ours in one as `check` makes it. Plain is the time of that call alone. Ours is the time
of the same call, and that of the whole case: the model built, exported, written, validated in full. Both graphs must be
the same: operators, attributes, what each reads, and the bytes of every initializer.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass

from forks import Forks, Measured
from performance import FIRST, PAIRS, machine, write

SAMPLE = (
    ("bert", "default"),
    ("albert", "masked-lm"),
    ("distilbert", "question-answering"),
    ("roformer", "multiple-choice"),
    ("gpt2", "causal-lm-with-past"),
    ("gpt-neo", "causal-lm"),
    ("gptj", "causal-lm-with-past"),
    ("t5", "seq2seq-lm-with-past"),
    ("bart", "seq2seq-lm-with-past"),
    ("marian", "seq2seq-lm"),
    ("mbart", "sequence-classification"),
    ("bigbird-pegasus", "question-answering"),
    ("vit", "image-classification"),
    ("beit", "image-classification"),
    ("perceiver", "masked-lm"),
    ("xlm", "token-classification"),
)
"""Every kind of model among the pairs, and the most expensive ones."""


@dataclass(frozen=True)
class Row:
    """One pair: medians over the repetitions."""

    model_type: str
    feature: str
    plain: float
    capture: float
    case: float
    same: bool
    nodes: int


def main() -> int:
    """Measure, print, write. Returns 1 where a graph differs."""
    options = _options()
    pairs = [pair for pair in PAIRS if pair[0] in options.only] if options.only else PAIRS if options.all else SAMPLE
    plain, ours = Forks("plain"), Forks("ours")
    rows = []
    for model_type, feature in pairs:
        runs = [(plain.export(model_type, feature), ours.export(model_type, feature)) for _ in range(options.repeat)]
        rows.append(_row(model_type, feature, runs))
        print(f"{len(rows):3}/{len(pairs)}  {_line(rows[-1])}", flush=True)
    plain.close()
    ours.close()
    text = page(rows, f"python benchmarks/exporter.py {' '.join(sys.argv[1:])}".strip())
    print(text)
    if options.write:
        write("exporter", text)
    return 0 if all(row.same for row in rows) else 1


def page(rows: list[Row], command: str) -> str:
    """The section: ratios first, then a line a pair."""
    captures = sorted(row.capture / row.plain for row in rows)
    cases = sorted(row.case / row.plain for row in rows)
    plain = [row.plain for row in rows]
    lines = [
        f"`{command}`, {machine()}",
        "",
        "| CPU seconds of a plain call = 1 | median | least | most |",
        "|---|--:|--:|--:|",
        *(
            f"| {name} | {statistics.median(ratios):.2f} | {ratios[0]:.2f} | {ratios[-1]:.2f} |"
            for name, ratios in (("the same call in our worker", captures), ("our whole case, validated", cases))
        ),
        "",
        f"A plain call took {statistics.median(plain):.1f} s in the median and {max(plain):.1f} s at most. "
        f"{sum(row.same for row in rows)} of {len(rows)} graphs are the same.",
        "",
        "| model type | feature | plain call | our call | ratio | our case | ratio | same graph |",
        "|---|---|--:|--:|--:|--:|--:|---|",
        *(f"| {_line(row)} |" for row in rows),
    ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    return " | ".join(
        (
            f"`{row.model_type}`",
            row.feature,
            f"{row.plain:.2f}",
            f"{row.capture:.2f}",
            f"{row.capture / row.plain:.2f}",
            f"{row.case:.2f}",
            f"{row.case / row.plain:.2f}",
            f"yes, {row.nodes} nodes" if row.same else "**no**",
        )
    )


def _row(model_type: str, feature: str, runs: list[tuple[Measured, Measured]]) -> Row:
    return Row(
        model_type,
        feature,
        plain=statistics.median(plain.capture for plain, _ in runs),
        capture=statistics.median(ours.capture for _, ours in runs),
        case=statistics.median(ours.case for _, ours in runs),
        same=all(plain.digest == ours.digest != "" and plain.passed and ours.passed for plain, ours in runs),
        nodes=runs[0][1].nodes,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=FIRST, metavar="MODEL_TYPE")
    parser.add_argument("--all", action="store_true", help="every pair: half an hour")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave docs/performance.md as it is")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
