"""`transformers-export plan`: what a check would export, and why."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from transformers_export.changes import ChangesError
from transformers_export.check import inspect, make_plan
from transformers_export.cli.arguments import UsageError
from transformers_export.cli.scope import check_options
from transformers_export.project import SettingsError
from transformers_export.source.git import GitError

if TYPE_CHECKING:
    from argparse import Namespace

    from transformers_export.cases.types import Plan


def run(options: Namespace) -> int:
    """Print the plan; with `--github` also set the step output `empty`."""
    told = check_options(options, os.environ)
    try:
        plan = make_plan(told, inspect(told))
    except (ChangesError, SettingsError, GitError) as error:
        from transformers_export.cli.files import leave_verdict

        leave_verdict(options.instead, str(error))
        raise UsageError(str(error)) from error
    print(_as_json(plan) if options.json else "\n".join(_lines(plan)))
    if options.github:
        from transformers_export.github.commands import set_outputs

        set_outputs({"empty": not plan.cases})
    return 0


def _as_json(plan: Plan) -> str:
    cases = [{"id": case.id, **asdict(case)} for case in plan.cases]
    return json.dumps({**asdict(plan), "cases": cases, "empty": not plan.cases}, indent=2)


def _lines(plan: Plan) -> list[str]:
    lines = [f"{item.model_type}: {item.why} ({item.path})" for item in plan.affected]
    lines += [f"not checked: {item.what}: {item.why}" for item in plan.not_checked]
    lines += [case.id for case in plan.cases]
    return lines or ["Nothing that changed concerns an export."]
