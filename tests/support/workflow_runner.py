"""Runs a workflow that uses the action as GitHub does: jobs in order, matrices, conditions, outputs, artifacts, caches.

The action itself runs by `actions_runner.py`. Of the actions beside it there is what they leave: actions/checkout gives
a fresh shallow clone, actions/setup-python nothing (the tests' interpreter is there), artifacts and caches are folders.
Every expression is evaluated by GitHub's own evaluator.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from support.actions_runner import evaluate

if TYPE_CHECKING:
    from support import job as jobs
    from support.actions_runner import Run, Step


@dataclass
class Done:
    """How one job of the workflow ended; one of a matrix has `name` with its number."""

    name: str
    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    actions: list[Run] = field(default_factory=list)
    """What every start of our action came to."""
    artifacts: dict[str, bytes] = field(default_factory=dict)
    """What our action uploaded by itself, its input `artifact`."""


@dataclass
class Workflow:
    """One workflow and what GitHub keeps for it between jobs and runs."""

    file: Path
    job: jobs.Job
    directory: Path
    inputs: dict[str, str]
    """Inputs of the action that a test sets in place of the workflow's."""
    spoil: tuple[str, ...] = ()
    """Jobs whose machine is lost before it does anything."""
    run_id: int = 0
    tool: Step | None = None
    """The action's first step where it ran before: installing it on every machine would take minutes."""

    def run(self) -> dict[str, Done]:
        """Run all jobs once; returns every job that was not skipped by the name its machine had."""
        self.run_id += 1
        shutil.rmtree(self.directory / "artifacts", ignore_errors=True)
        definition = yaml.load(self.file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # all values are text
        ended: dict[str, Done] = {}
        needs: dict[str, Any] = {}
        for name, description in definition["jobs"].items():
            needed = description.get("needs", [])
            above = {key: needs[key] for key in ([needed] if isinstance(needed, str) else needed)}
            machines = self._job(name, description, above)
            ended |= {done.name: done for done in machines}
            results = {done.result for done in machines}
            result = "failure" if "failure" in results else "success" if machines else "skipped"
            needs[name] = {"result": result, "outputs": machines[0].outputs if machines else {}}
        return ended

    def _job(self, name: str, description: dict[str, Any], needs: dict[str, Any]) -> list[Done]:
        succeeding = all(above["result"] == "success" for above in needs.values())
        if not self._ask("condition", description.get("if", ""), {"needs": needs}, succeeding):
            return []
        matrix = description.get("strategy", {}).get("matrix")
        if matrix is None:
            return [self._machine(name, description, {"needs": needs})]
        expression = matrix.removeprefix("${{").removesuffix("}}").strip()
        told = json.loads(self._ask("text", "${{ toJSON(" + expression + ") }}", {"needs": needs}))
        assert 0 < len(told["include"]) <= 256, "GitHub refuses an empty matrix and one beyond 256"
        return [
            self._machine(
                f"{name}-{n}", description, {"needs": needs, "matrix": one, "strategy": {"job-index": str(n)}}
            )
            for n, one in enumerate(told["include"])
        ]

    def _machine(self, name: str, description: dict[str, Any], contexts: dict[str, Any]) -> Done:
        if name in self.spoil:
            return Done(name, "failure")
        temp = self.directory / f"run-{self.run_id}-{name}"
        temp.mkdir(parents=True)
        done, steps = Done(name, "success"), {}
        here = {**contexts, "runner": {"temp": str(temp), "os": "Linux"}, "steps": steps}
        for step in description["steps"]:
            if not self._ask("condition", step.get("if", ""), here, done.result == "success"):
                continue
            told = {key: self._ask("text", str(value), here) for key, value in step.get("with", {}).items()}
            told |= {key: self._ask("text", str(value), here) for key, value in step.get("env", {}).items()}
            outcome, outputs = self._step(step, told, temp, done)
            if step.get("id"):
                steps[step["id"]] = {"outputs": outputs, "outcome": outcome, "conclusion": outcome}
            if outcome == "failure":
                done.result = "failure"
        for key, value in description.get("outputs", {}).items():
            done.outputs[key] = self._ask("text", value, here)
        return done

    def _step(self, step: dict[str, Any], told: dict[str, str], temp: Path, done: Done) -> tuple[str, dict[str, str]]:
        if "run" in step:
            environ = {**self.job.environ, "RUNNER_TEMP": str(temp), **told}
            code = subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], env=environ, check=False).returncode
            return ("failure" if code else "success"), {}
        name = step["uses"].partition("@")[0]
        if name == "org/export-action":
            number = len(done.actions)
            runner = self.job.runner({**told, **self.inputs}, temp / f"action-{number}", self.tool, temp / "workspace")
            run = runner.run()
            done.actions.append(run)
            done.artifacts |= runner.artifacts
            return run.conclusion, run.outputs
        getattr(self, "_" + name.replace("/", "_").replace("-", "_"))(told, temp)
        return "success", {}

    def _actions_checkout(self, told: dict[str, str], temp: Path) -> None:
        assert told["persist-credentials"] == "false"
        self.job.check_out(temp / "workspace")

    def _actions_setup_python(self, told: dict[str, str], temp: Path) -> None:
        (temp / "workspace").mkdir(exist_ok=True)

    def _actions_cache_restore(self, told: dict[str, str], temp: Path) -> None:
        """The exact key, else the newest that begins as `restore-keys` say."""
        keys = [told["key"], *told.get("restore-keys", "").split()]
        kept = sorted((self.directory / "caches").glob("*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        found = next((path for key in keys for path in kept if path.name.startswith(key)), None)
        if found is not None:
            shutil.copytree(found, told["path"])

    def _actions_cache_save(self, told: dict[str, str], temp: Path) -> None:
        kept = self.directory / "caches" / told["key"]
        assert not kept.exists(), "a cache is saved once under a key"
        shutil.copytree(told["path"], kept)

    def _actions_upload_artifact(self, told: dict[str, str], temp: Path) -> None:
        folder = self.directory / "artifacts" / told["name"]
        folder.mkdir(parents=True)
        shutil.copy(told["path"], folder)

    def _actions_download_artifact(self, told: dict[str, str], temp: Path) -> None:
        for folder in (self.directory / "artifacts").glob(told["pattern"]):
            shutil.copytree(folder, Path(told["path"]) / folder.name)

    def _ask(self, kind: str, text: str, contexts: dict[str, Any], succeeding: bool = True) -> Any:
        if kind == "text" and "${{" not in text:
            return text
        github = {
            "event_name": self.job.environ["GITHUB_EVENT_NAME"],
            "run_id": str(self.run_id),
            "run_attempt": "1",
            "sha": self.job.merge,
            "event": {"pull_request": {"base": {"sha": self.job.base}}, "before": ""},
        }
        return evaluate([{"kind": kind, "text": str(text)}], {"github": github, **contexts}, succeeding=succeeding)[0]
