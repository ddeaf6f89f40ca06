"""One pair of each family in other environments: writes docs/tested-versions.md.

    python benchmarks/versions.py --python ENVIRONMENT/bin/python ...

Each interpreter exports and validates eleven pairs with `legacy` and five with `dynamo`, in about a minute, and gets a
row of its own; rows of other versions that stand in the page stay.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import pages  # noqa: E402 - found through the line above

from support.matrix import exported  # noqa: E402

PAGE = ROOT / "docs" / "tested-versions.md"
PAIRS = {
    "legacy": (
        "bart:seq2seq-lm",
        "bert:default",
        "clip:default",
        "deberta:masked-lm",
        "detr:object-detection",
        "gpt2:causal-lm-with-past",
        "llama:causal-lm-with-past",
        "t5:seq2seq-lm-with-past",
        "vit:image-classification",
        "wav2vec2:ctc",
        "whisper:speech2seq-lm-with-past",
    ),
    "dynamo": (
        "bert:default",
        "gpt2:causal-lm-with-past",
        "llama:causal-lm-with-past",
        "t5:seq2seq-lm-with-past",
        "vit:image-classification",
    ),
}
_ROW = re.compile(r"^\| (python [^|]+) \|.*\|$", re.MULTILINE)
_HEAD = f"""# Tested versions

`make test` runs on the versions of [constraints.txt](../constraints.txt), and parts of it on transformers 5.17.0,
4.57.6 and 4.48.0 ([tests/README.md](../tests/README.md)). Whole matrices: [newest](pairs.md),
[4.57.6](pairs-transformers-4.57.md), [4.48.0](pairs-transformers-4.48.md).

Here are other combinations, the lowest declared among them: one pair of each family, exported and validated by
`python benchmarks/versions.py --python ENVIRONMENT/bin/python`.

- legacy: {", ".join(PAIRS["legacy"])}
- dynamo: {", ".join(PAIRS["dynamo"])}

A known limit: with torch 2.9, `len()` of a tensor fixes the length of its first axis while dynamo captures a graph, and
the cache of transformers 4.48.0 asks for it (`cache_utils.py`, `DynamicCache`). Decoders with past that use this cache
then fail the check `axes`. Use `--exporter legacy` or a newer torch; 2.13 exports them.

| versions | legacy | dynamo | failed | date, commit |
|---|---|---|---|---|
"""


def main() -> None:
    """Run every interpreter, and write the page after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", nargs="+", required=True, type=Path, help="interpreters with torch and transformers"
    )
    for python in parser.parse_args().python:
        rows = {found[1]: found[0] for found in _ROW.finditer(PAGE.read_text("utf-8") if PAGE.exists() else "")}
        versions = pages.versions(str(python))
        rows[versions] = _row(python, versions)
        print(rows[versions], flush=True)
        PAGE.write_text(_HEAD + "\n".join(sorted(rows.values(), key=_numbers)) + "\n", encoding="utf-8")


def _row(python: Path, versions: str) -> str:
    failed, passed = [], []
    for exporter, pairs in PAIRS.items():
        cases = exported(python, "transformers_export", exporter, *pairs)
        bad = [case for case in cases if case["failed"]]
        passed.append(f"{len(cases) - len(bad)} of {len(pairs)}")
        failed += [f"{case['model_type']} {case['feature']} {exporter}: {', '.join(case['failed'])}" for case in bad]
    today = datetime.now(timezone.utc).date().isoformat()
    return f"| {versions} | {' | '.join(passed)} | {'; '.join(failed)} | {today}, {pages.commit()} |"


def _numbers(row: str) -> list[int]:
    """Sorts by Python, then torch, then transformers, and so on."""
    return [int(number) for number in re.findall(r"\d+", row.split("|")[1])]


if __name__ == "__main__":
    main()
