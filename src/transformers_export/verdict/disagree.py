"""Where both exporters were asked for: do they agree? Decided from a verdict's cases alone.

Both are held against PyTorch on the same inputs. So two that pass lie within twice the tolerance of each other, and
what can still differ is the opset they wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.verdict.types import Disagreement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transformers_export.verdict.types import CaseResult

_EXPORTERS = ("dynamo", "legacy")


def disagreements(cases: Iterable[CaseResult]) -> tuple[Disagreement, ...]:
    """Find the exports of which the two exporters make different things."""
    pairs: dict[tuple[str, str], dict[str, CaseResult]] = {}
    for case in cases:
        if case.target == "onnx" and case.exporter in _EXPORTERS:
            pairs.setdefault((case.model_type, case.feature), {})[case.exporter] = case
    return tuple(
        Disagreement(model_type, feature, what)
        for (model_type, feature), pair in pairs.items()
        if len(pair) == len(_EXPORTERS)
        for what in _between(pair["dynamo"], pair["legacy"])
    )


def _between(dynamo: CaseResult, legacy: CaseResult) -> Iterator[str]:
    first, second = _ending(dynamo), _ending(legacy)
    if first != second:
        yield f"dynamo {first}, legacy {second}."
    elif dynamo.outcome == "passed" and dynamo.opset != legacy.opset:
        yield f"dynamo wrote opset {dynamo.opset}, legacy opset {legacy.opset}."


def _ending(case: CaseResult) -> str:
    failed = [check.name for check in case.checks if check.outcome in ("failed", "not-run")]
    if case.outcome == "passed":
        return "passes"
    if case.error is not None:
        return f"ends with {case.error.type}"
    return f"fails {', '.join(failed)}" if failed else f"is {case.outcome}"
