"""`transformers-export plan`: what a check would export, and why."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cases.shards import matrix, parts_of
from transformers_export.changes import ChangesError
from transformers_export.check import make_plan
from transformers_export.cli.arguments import UsageError
from transformers_export.cli.scope import check_options
from transformers_export.inspection import inspect
from transformers_export.project import SettingsError
from transformers_export.source.git import GitError

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.cases.shards import Part
    from transformers_export.cases.types import Plan


def run(options: Namespace) -> int:
    """Print the plan; with `--github` also set the step output `empty`."""
    told = check_options(options, os.environ)
    try:
        inspection = inspect(told)
        plan = make_plan(told, inspection)
    except (ChangesError, SettingsError, GitError) as error:
        from transformers_export.cli.files import leave_verdict

        leave_verdict(options.instead, str(error))
        raise UsageError(str(error)) from error
    parts: list[Part] = []
    if options.shards:
        base, head = inspection.changes.base, inspection.changes.head
        parts = parts_of(plan, base, head, options.shards, _measured(options))
    print(_as_json(plan, parts) if options.json else "\n".join(_lines(plan, parts)))
    if options.github:
        from transformers_export.github.commands import set_outputs

        set_outputs({"empty": not plan.cases, "matrix": matrix(parts)})
    return 0


def _measured(options: Namespace) -> dict[str, float]:
    """Seconds of the cases that were exported before, by their ids: of the cache, and of the baseline before that."""
    from transformers_export.cases.cache import Cache
    from transformers_export.cli.known import read_baseline

    known = Cache(Path(options.cache)).seconds() if options.cache else {}
    baseline = read_baseline(options.baseline, lambda message: print(f"warning: {message}", file=sys.stderr))
    for case in baseline.cases if baseline else ():
        if case.outcome == "passed":  # what broke off early says nothing of what it costs
            known[f"{case.model_type}/{case.feature}/{case.exporter if case.target == 'onnx' else case.target}"] = (
                case.seconds
            )
    return known


def _as_json(plan: Plan, parts: list[Part]) -> str:
    cases = [{"id": case.id, **asdict(case)} for case in plan.cases]
    shards = json.loads(matrix(parts))["include"]
    return json.dumps({**asdict(plan), "cases": cases, "empty": not plan.cases, "matrix": shards}, indent=2)


def _lines(plan: Plan, parts: list[Part]) -> list[str]:
    lines = [f"{item.model_type}: {item.why} ({item.path})" for item in plan.affected]
    lines += [f"not checked: {item.what}: {item.why}" for item in plan.not_checked]
    lines += [case.id for case in plan.cases]
    lines += [f"shard {part.number} of {part.total}: {len(part.cases or ())} cases" for part in parts]
    return lines or ["Nothing that changed concerns an export."]
