"""Check `names`: inputs and outputs carry the declared names, in the declared order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.onnx.validation.types import Check

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_names(
    inputs: Sequence[str], outputs: Sequence[str], declared_inputs: Sequence[str], declared_outputs: Sequence[str]
) -> Check:
    """Compare the graph's names with the declared ones."""
    problems = [*_differences("inputs", inputs, declared_inputs), *_differences("outputs", outputs, declared_outputs)]
    if problems:
        return Check("names", "failed", "; ".join(problems), figure=float(len(problems)), limit=0.0)
    return Check("names", "passed", f"{len(inputs)} inputs, {len(outputs)} outputs", figure=0.0, limit=0.0)


def _differences(side: str, actual: Sequence[str], declared: Sequence[str]) -> list[str]:
    missing = [name for name in declared if name not in actual]
    extra = [name for name in actual if name not in declared]
    problems = []
    if missing:
        problems.append(f"{side} declared and not in the graph: {', '.join(missing)}")
    if extra:
        problems.append(f"{side} in the graph and not declared: {', '.join(extra)}")
    if not problems and list(actual) != list(declared):
        problems.append(f"{side} in another order: expected {', '.join(declared)}; the graph has {', '.join(actual)}")
    return problems
