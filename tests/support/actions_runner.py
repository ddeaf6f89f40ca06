"""Runs a composite action as GitHub's runner does, from the real action.yml.

Each `run:` step becomes a script of its own, run by `bash --noprofile --norc -eo pipefail`, with real files behind
GITHUB_OUTPUT, GITHUB_ENV, GITHUB_PATH and GITHUB_STEP_SUMMARY. `if:`, `continue-on-error`, step outputs, outcome and
conclusion and the action's own outputs are honoured; every expression is evaluated by GitHub's own evaluator.
Of `uses:` steps only actions/upload-artifact is known; it is done here as its README says: one file at a zip's root.
Not done, because no action of ours has any: other shells, `working-directory`.
"""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from support.node import node_command, node_modules

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPT = Path(__file__).with_name("expressions.mjs")
KNOWN_KEYS = {"id", "name", "if", "shell", "env", "run", "continue-on-error", "uses", "with"}
UPLOAD = "actions/upload-artifact"


@dataclass(frozen=True)
class Step:
    """How one step ended. `outcome` is before `continue-on-error`, `conclusion` after it."""

    name: str
    outcome: str
    conclusion: str
    outputs: dict[str, str]
    log: str
    summary: str
    env: dict[str, str]
    """What the step's own script was given."""


@dataclass(frozen=True)
class Run:
    """How the action ended."""

    steps: dict[str, Step]
    outputs: dict[str, str]

    @property
    def conclusion(self) -> str:
        failed = any(step.conclusion == "failure" for step in self.steps.values())
        return "failure" if failed else "success"

    @property
    def log(self) -> str:
        return "\n".join(f"##[{step.name}] {step.outcome}\n{step.log}" for step in self.steps.values())


@dataclass
class Runner:
    """One job on one machine, with `action` (the folder of action.yml) as its only step.

    `environ` is the machine's environment with the job's GITHUB_ variables; `workspace` the checkout; `temp` the
    folder behind RUNNER_TEMP.
    """

    action: Path
    workspace: Path
    temp: Path
    environ: dict[str, str]
    inputs: dict[str, str] = field(default_factory=dict)
    token: str = ""
    done: dict[str, Step] = field(default_factory=dict)
    """Steps that need not run again, by id: how they ended when they did."""
    artifacts: dict[str, bytes] = field(default_factory=dict)
    """The zips that were uploaded, by name."""

    def run(self, *, until: str = "") -> Run:
        """Run all steps, or those up to the one with the id `until`."""
        definition = yaml.safe_load((self.action / "action.yml").read_text(encoding="utf-8"))
        assert definition["runs"]["using"] == "composite"
        inputs = self._inputs(definition["inputs"])
        added_env: dict[str, str] = {}
        added_path: list[str] = []
        steps: dict[str, Step] = {}
        for number, step in enumerate(definition["runs"]["steps"]):
            assert set(step) <= KNOWN_KEYS, f"the runner does not know {set(step) - KNOWN_KEYS}"
            key = step.get("id", str(number))
            steps[key] = self.done.get(key) or self._step(step, key, inputs, steps, added_env, added_path)
            if key == until:
                return Run(steps, {})
        values = {name: entry["value"] for name, entry in definition.get("outputs", {}).items()}
        return Run(steps, self._evaluate(values, inputs, steps))

    def _inputs(self, declared: Mapping[str, Any]) -> dict[str, str]:
        unknown = set(self.inputs) - set(declared)
        assert not unknown, f"the action has no inputs {unknown}"
        defaults = {name: str(entry.get("default", "")) for name, entry in declared.items()}
        return {**self._evaluate(defaults, {}, {}), **self.inputs}

    def _step(
        self,
        step: dict[str, Any],
        key: str,
        inputs: dict[str, str],
        steps: dict[str, Step],
        added_env: dict[str, str],
        added_path: list[str],
    ) -> Step:
        name = step.get("name", key)
        if not self._condition(str(step.get("if", "")), inputs, steps):
            return Step(name, "skipped", "skipped", {}, "", "", {})
        told = str(step.get("continue-on-error", "")).strip()
        forgiven = bool(told) and self._condition(told, inputs, steps)
        if "uses" in step:
            given = self._evaluate({name: str(value) for name, value in step["with"].items()}, inputs, steps)
            outcome = self._upload(step["uses"], given)
            return Step(name, outcome, "success" if forgiven else outcome, {}, "", "", {})
        assert step["shell"] == "bash"
        files = {kind: self._file(key, kind) for kind in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY", "STATE")}
        env = self._evaluate({k: str(v) for k, v in step.get("env", {}).items()}, inputs, steps)
        done = self._bash(step["run"], key, {**added_env, **env}, files, added_path)
        added_env.update(read_pairs(files["ENV"]))
        added_path.extend(files["PATH"].read_text(encoding="utf-8").split())
        outcome = "failure" if done.returncode else "success"
        return Step(
            name=name,
            outcome=outcome,
            conclusion="success" if forgiven else outcome,
            outputs=read_pairs(files["OUTPUT"]),
            log=done.stdout + done.stderr,
            summary=files["STEP_SUMMARY"].read_text(encoding="utf-8"),
            env=env,
        )

    def _upload(self, action: str, given: dict[str, str]) -> str:
        assert action.partition("@")[0] == UPLOAD, f"the runner does not know {action}"
        assert set(given) <= {"name", "path", "if-no-files-found", "overwrite"}
        file = Path(given["path"])
        if not file.is_file():
            return "failure" if given.get("if-no-files-found") == "error" else "success"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(file, file.name)
        self.artifacts[given["name"]] = buffer.getvalue()
        return "success"

    def _bash(
        self, script: str, key: str, env: dict[str, str], files: dict[str, Path], added_path: list[str]
    ) -> subprocess.CompletedProcess[str]:
        file = self.temp / f"{key}.sh"
        file.write_text(script, encoding="utf-8")
        path = ":".join([*reversed(added_path), self.environ["PATH"]])
        own = {f"GITHUB_{kind}": str(path) for kind, path in files.items()}
        own |= {
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],
            cwd=self.workspace,
            env={**self.environ, "PATH": path, **env, **own},
            capture_output=True,
            text=True,
            check=False,
        )

    def _file(self, key: str, kind: str) -> Path:
        file = self.temp / "_runner_file_commands" / f"{kind.lower()}_{key}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
        return file

    def _condition(self, text: str, inputs: dict[str, str], steps: dict[str, Step]) -> bool:
        return bool(self._ask([{"kind": "condition", "text": text}], inputs, steps)[0])

    def _evaluate(self, values: dict[str, str], inputs: dict[str, str], steps: dict[str, Step]) -> dict[str, str]:
        items = [{"kind": "text", "text": value} for value in values.values()]
        return dict(zip(values, self._ask(items, inputs, steps), strict=True))

    def _ask(self, items: list[dict[str, str]], inputs: dict[str, str], steps: dict[str, Step]) -> list[Any]:
        succeeding = all(step.conclusion != "failure" for step in steps.values())
        contexts = {
            "inputs": inputs,
            "github": {"token": self.token, "workspace": str(self.workspace), "action_path": str(self.action)},
            "steps": {
                key: {"outputs": step.outputs, "outcome": step.outcome, "conclusion": step.conclusion}
                for key, step in steps.items()
            },
        }
        return evaluate(items, contexts, succeeding=succeeding)


def evaluate(items: list[dict[str, str]], contexts: dict[str, Any], *, succeeding: bool) -> list[Any]:
    """Evaluate texts and conditions as GitHub does."""
    status = {"success": succeeding, "failure": not succeeding, "cancelled": False, "always": True}
    done = subprocess.run(
        node_command(SCRIPT, str(node_modules())),
        input=json.dumps({"items": items, "contexts": contexts, "status": status}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"one of these expressions is wrong: {items}: {done.stderr}"
    return list(json.loads(done.stdout))


def read_pairs(file: Path) -> dict[str, str]:
    """`name=value` lines and `name<<DELIMITER` blocks, as the runner reads its files."""
    pairs: dict[str, str] = {}
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    for line in lines:
        name, block, delimiter = line.partition("<<")
        if block and "=" not in name:
            value = []
            for inner in lines:
                if inner == delimiter:
                    break
                value.append(inner)
            else:
                raise ValueError(f"the value of {name} in {file} never ends: {delimiter} is missing")
            pairs[name] = "\n".join(value)
        elif line:
            name, equals, text = line.partition("=")
            if not equals:
                raise ValueError(f"{line!r} in {file} is neither name=value nor name<<DELIMITER")
            pairs[name] = text
    return pairs
