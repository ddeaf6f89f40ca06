"""A torch without the legacy exporter: no case is blamed for it, and `auto` uses the other one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from transformers_export.cases.types import Case, Provider
from transformers_export.cases.workers import Workers, run_cases

TESTS = Path(__file__).parents[2]


def cases(*exporters: str) -> tuple[Case, ...]:
    return tuple(Case("distilbert", "default", "onnx", exporter, Provider("ready-made")) for exporter in exporters)


@pytest.mark.parametrize("runner", ["run_refused", "run_removed"])
def test_legacy_is_undecided_with_one_sentence_and_one_command(runner: str) -> None:
    workers = Workers(sys.executable, search_path=(TESTS,), runner=f"support.removed_legacy:{runner}")
    (legacy,) = run_cases(cases("legacy"), workers).results
    assert (legacy.outcome, legacy.cause, legacy.error) == ("undecided", "environment", None)
    assert legacy.reason == (
        "The installed torch has no legacy exporter any more. Run: transformers-export check --exporter dynamo"
    )


def test_auto_uses_dynamo() -> None:
    workers = Workers(sys.executable, search_path=(TESTS,), runner="support.removed_legacy:run_removed")
    (auto,) = run_cases(cases("auto"), workers).results
    assert (auto.outcome, auto.exporter, auto.warnings) == ("passed", "dynamo", ())
