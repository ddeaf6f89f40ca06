"""A registry of which nothing changed costs almost nothing: this project's own, every model and feature of it.

The entries are planted, by the way results are kept; that a real export is found again is shown end to end.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from support.case_runners import passes
from support.repositories import ROOT
from transformers_export.cases.cache import Cache
from transformers_export.cases.identity import identities
from transformers_export.cases.plan import make_plan
from transformers_export.project import open_project
from transformers_export.source.tree import working_tree
from transformers_export.verdict.schema import decode
from transformers_export.verdict.types import CheckResult

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 5.0


def test_the_whole_registry_with_a_warm_cache_takes_seconds_and_starts_no_worker(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "results")
    cases = plant(cache)
    assert len(cases) >= 198
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/started\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)

    before = used()
    command = [sys.executable, "-m", "transformers_export", "check", "--all", "--exporter", "legacy"]
    told = ("--python", python, "--cache", cache.folder, "--json", tmp_path / "verdict.json")
    subprocess.run([*command, *map(str, told)], cwd=ROOT, capture_output=True, check=False, env=os.environ)
    spent = used() - before

    verdict = decode((tmp_path / "verdict.json").read_bytes())
    assert [(case.model_type, case.feature, case.cached) for case in verdict.cases] == [
        (case.model_type, case.feature, True) for case in cases
    ]
    assert " serve" not in (tmp_path / "started").read_text()
    assert spent < SECONDS, f"{spent:.1f} CPU seconds for {len(cases)} exports, expected less than {SECONDS}"


def plant(cache: Cache):
    """A passed result for every case of this repository."""
    tree = working_tree(ROOT)
    project = open_project(ROOT, tree)
    snapshot = project.snapshot(tree)
    cases = make_plan(project, snapshot, None, exporter="legacy", everything=True).cases
    for case, known in zip(cases, identities(cases, snapshot, sys.executable, ROOT, ()), strict=True):
        assert not known.why_not, known.why_not
        result = passes(case)
        past = (CheckResult("past", "passed", 0.1, 1.0),) if case.feature.endswith("-with-past") else ()
        cache.keep(replace(result, key=known.key, checks=(*result.checks, *past)), {"python": "3.11"})
    return cases


def used() -> float:
    """CPU seconds of ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
