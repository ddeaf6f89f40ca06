"""The workflow for a whole registry (examples/registry.yml), job by job: plan, parts, one report, kept results.

With fewer models and machines; `legacy`, as nothing depends on the exporter.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from support import job
from support.repositories import ROOT, Repository, commit, git
from support.workflow_runner import Workflow
from transformers_export.cli.second_stage import examine
from transformers_export.github.comment import Subject
from transformers_export.github.trigger import Trigger
from transformers_export.verdict.schema import decode

if TYPE_CHECKING:
    from support.actions_runner import Step
    from support.front_door import FrontDoor

WORKFLOW = ROOT / "examples" / "registry.yml"


def verdict_of(done):
    return decode(Path(done.actions[0].outputs["verdict"]).read_bytes())


def test_plan_parts_and_report_leave_one_comment_and_what_is_known_is_not_exported_again(
    example_repository: Repository, python_5: Path, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    """Three runs: with one machine lost; with both, of which one finds its results; with everything known."""
    a_job = job.pull_request(
        example_repository.root, example_repository.base, example_repository.revisions["complete"], door, tmp_path
    )
    slow = baseline_of_long_exports(tmp_path)
    told = {
        "python": str(python_5),
        "install": "true",
        "pip-index-url": "",
        "exporter": "legacy",
        "baseline": str(slow),
        "artifact": "export-verdict",
    }
    workflow = Workflow(WORKFLOW, a_job, tmp_path / "github-keeps", told, tool=installed_tool)

    workflow.spoil = ("export-1",)
    lost = workflow.run()
    assert list(lost) == ["plan", "export-0", "export-1", "report"]
    assert (lost["plan"].result, lost["export-0"].result, lost["report"].result) == ("success", "success", "failure")
    (comment,) = door.comments()
    assert "### ❌ 2 of 4 exports verified" in comment["body"]
    assert "`shard 2`: left no verdict" in comment["body"]

    workflow.spoil = ()
    whole = workflow.run()
    assert [done.result for done in whole.values()] == ["success"] * 4, whole["report"].actions[0].log
    (comment,) = door.comments()
    assert "### ✅ 4 of 4 exports verified" in comment["body"]
    parts = [verdict_of(whole[f"export-{n}"]) for n in range(2)]
    assert [part.shard.total for part in parts] == [2, 2]
    assert sorted(case.cached for part in parts for case in part.cases) == [False, False, True, True]
    merged = verdict_of(whole["report"])
    assert merged.shard is None
    assert [case.feature for case in merged.cases] == [planned.feature for planned in parts[0].shard.planned]

    uploaded = examine(whole["report"].artifacts["export-verdict"], ended_for(a_job.head))
    assert uploaded.verdict == merged, "what the second workflow for forks is given is the whole"
    part = examine(whole["export-0"].artifacts["export-verdict"], ended_for(a_job.head))
    assert (part.verdict, part.broken) == (None, True)

    known = workflow.run()
    assert verdict_of(known["report"]).conclusion == "success"
    assert all(case.cached for case in verdict_of(known["report"]).cases)
    assert "**4 cached**" in door.comments()[0]["body"]
    assert len(door.comments()) == 1


def test_a_change_that_concerns_nothing_ends_with_the_plan(
    example_repository: Repository, installed_tool: Step, door: FrontDoor, tmp_path: Path
) -> None:
    git(example_repository.root, "checkout", "--quiet", "-b", "prose", "main")
    (example_repository.root / "NOTES.md").write_text("Nothing to see.\n", encoding="utf-8")
    head = commit(example_repository.root, "Take a note")
    a_job = job.pull_request(example_repository.root, example_repository.base, head, door, tmp_path)
    ended = Workflow(WORKFLOW, a_job, tmp_path / "github-keeps", {"pip-index-url": ""}, tool=installed_tool).run()
    assert {name: done.result for name, done in ended.items()} == {"plan": "success"}
    assert ended["plan"].outputs == {"matrix": '{"include": []}', "empty": "true"}
    assert verdict_of(ended["plan"]).conclusion == "success"
    assert door.comments() == []


def ended_for(head: str) -> Trigger:
    return Trigger(Subject("acme/models", 1, head, run=42), "success")


def baseline_of_long_exports(directory: Path) -> Path:
    """A verdict in which every export of the example took a quarter of a minute: worth two machines."""
    tool = {"name": "transformers-export", "version": "0"}
    cases = [
        {
            **{"model_type": "acme-magpie", "feature": feature, "target": "onnx", "exporter": "legacy"},
            **{"outcome": "passed", "seconds": 15.0},
        }
        for feature in ("default", "default-with-past", "causal-lm", "causal-lm-with-past")
    ]
    file = directory / "baseline.json"
    file.write_text(json.dumps({"schema_version": 1, "tool": tool, "conclusion": "success", "cases": cases}))
    return file
