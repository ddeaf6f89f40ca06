"""A verdict beside an earlier one, mostly the base's: what each case came to there. Decisions only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transformers_export.verdict.types import Baseline, Before

if TYPE_CHECKING:
    from transformers_export.verdict.types import CaseResult, Verdict


def with_baseline(verdict: Verdict, earlier: Verdict) -> Verdict:
    """Put the earlier result beside every case that has one. Whether the verdict is green does not depend on it."""
    before = {_name(case): case for case in earlier.cases}
    cases = tuple(replace(case, before=_before(before.get(_name(case)))) for case in verdict.cases)
    return replace(verdict, cases=cases, baseline=Baseline(earlier.head, dict(earlier.versions)))


def _name(case: CaseResult) -> tuple[str, str, str, str]:
    return case.model_type, case.feature, case.target, case.exporter


def _before(case: CaseResult | None) -> Before | None:
    if case is None:
        return None
    return Before(case.outcome, case.max_difference, case.opset, case.nodes, case.bytes, case.seconds)
