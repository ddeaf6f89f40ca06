"""What each lever gains: each taken away alone, in CPU seconds a case. Writes a section of docs/performance.md.

    python benchmarks/levers.py [--repeat 3]

Every variant is a process of its own that forks a case at a time (`forks.py`); cases go round the variants, so that
what else the machine does falls on all alike. What remains is profiled by a sample of `ours` (`stages.py`).
"""

from __future__ import annotations

import argparse
import statistics
import sys

from forks import Forks, Measured
from performance import machine, write
from stages import OTHER, STAGES

CASES = (
    ("bert", "default"),
    ("gpt2", "causal-lm-with-past"),
    ("t5", "seq2seq-lm-with-past"),
    ("vit", "image-classification"),
)
LEVERS = {
    "not-warmed": "a few layers exported in the server before the first fork",
    "stack-traces": "no stack trace on every node",
    "arithmetic": "arithmetic on symbolic lengths remembered",
    "shape-cache": "no cache of operators' shapes where more than the batch varies",
    "registry": "torch's registry of translations built once",
    "collector": "garbage collector off, what the server made frozen",
    "threads": "one thread in torch",
}
"""What a variant takes away."""


def main() -> int:
    """Measure, print, write."""
    options = _options()
    variants = ("ours", *LEVERS)
    forks = {variant: Forks(variant) for variant in variants}
    measured: dict[tuple[str, str, str], list[Measured]] = {}
    for _ in range(options.repeat):
        for model_type, feature in CASES:
            for variant in variants:
                one = forks[variant].export(model_type, feature)
                measured.setdefault((model_type, feature, variant), []).append(one)
                print(f"{model_type} {feature} {variant}: {one.case:.2f}", flush=True)
    profile = {pair: measured[(*pair, "ours")][-1].stages for pair in CASES}
    for process in forks.values():
        process.close()
    taken = {key: statistics.median(one.case for one in runs) for key, runs in measured.items()}
    text = page(taken, profile, {name: forks[name].start for name in variants}, f"python {' '.join(sys.argv)}")
    print(text)
    write("levers", text)
    return 0


def page(
    taken: dict[tuple[str, str, str], float],
    profile: dict[tuple[str, str], dict[str, int]],
    starts: dict[str, float],
    command: str,
) -> str:
    """The section: a line a lever, then the profile."""
    names = [f"{model_type} {feature}" for model_type, feature in CASES]
    lines = [
        f"`{command}`, {machine()} CPU seconds of a whole case with `dynamo`; in brackets what the lever gains.",
        "",
        f"| without | {' | '.join(names)} |",
        f"|---|{'--:|' * len(CASES)}",
        f"| nothing | {' | '.join(format(taken[(*pair, 'ours')], '.2f') for pair in CASES)} |",
    ]
    for variant, said in LEVERS.items():
        cells = [
            f"{taken[(*pair, variant)]:.2f} ({1 - taken[(*pair, 'ours')] / taken[(*pair, variant)]:.0%})"
            for pair in CASES
        ]
        lines.append(f"| {said} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Without the server every case also takes the {starts['not-warmed']:.1f} s of its imports; warming up takes "
        f"{starts['ours'] - starts['not-warmed']:.1f} s more, once.",
        "",
        "What remains, in percent of a case:",
        "",
        f"| stage | {' | '.join(names)} |",
        f"|---|{'--:|' * len(CASES)}",
    ]
    for stage in (*STAGES, OTHER):
        cells = [f"{100 * profile[pair].get(stage, 0) / max(1, sum(profile[pair].values())):.0f}" for pair in CASES]
        lines.append(f"| {stage} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
