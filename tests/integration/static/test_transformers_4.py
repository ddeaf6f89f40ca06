"""The static check on transformers 4.48.0 itself: what is wrong there is known, and nothing else is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from support.repositories import DISTILBERT, MPNET, ROOT, git
from support.static import Checked, check
from transformers_export import changes
from transformers_export.cases.plan import make_plan
from transformers_export.project import open_project
from transformers_export.rules import catalog
from transformers_export.source import forward, modeling, tree
from transformers_export.source.declared import Declared
from transformers_export.source.exported import Exported
from transformers_export.source.forward import Signature

if TYPE_CHECKING:
    from pathlib import Path

    from support.repositories import Repository

IMPORTED = ROOT / "tests" / "support" / "imported_tree.py"
NOT_READ = [
    "what forward() of ConvBertModel returns is computed",
    "what forward() of ElectraModel returns is computed",
]
"""Both return what a variable holds that is assigned several times."""


@pytest.fixture(scope="module")
def whole(transformers_4_repository: Repository) -> Checked:
    return check(transformers_4_repository.root, None)


@pytest.fixture(scope="module")
def imported(transformers_4_repository: Repository, python_4: Path) -> dict[str, Any]:
    """What importing the same tree shows."""
    environment = {**os.environ, "PYTHONPATH": str(transformers_4_repository.root / "src")}
    done = subprocess.run([python_4, IMPORTED], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_whole_tree_has_the_findings_that_importing_it_shows(whole: Checked, imported: dict[str, Any]) -> None:
    expected = {(rule, subject) for rule, subject in imported["findings"]}
    assert {(item.rule, item.subject) for item in whole.findings} == expected
    counted = Counter(rule for rule, _ in expected)
    assert counted.pop("missing-feature") == 21  # advice: heads that upstream does not export
    assert counted == {"unregistered": 15, "not-exported": 1, "no-auto-class": 1, "duplicate-feature": 1}
    assert [item.why for item in whole.not_checked] == NOT_READ


def test_the_readers_read_what_importing_shows(whole: Checked, imported: dict[str, Any]) -> None:
    """Inputs, outputs, parameters and main inputs of all registered features, names and order."""
    snapshot = whole.head
    read = {
        (entry.key, item.feature.name): item
        for entry in snapshot.registry.entries
        for item in snapshot.exported(entry)
        if isinstance(item, Exported)
    }
    expected = {(item["key"], item["feature"]): item for item in imported["features"]}
    assert set(expected) - set(read) == {("flaubert", "causal-lm")}  # no Auto class
    assert len(read) > 260
    for pair, item in read.items():
        for name in ("inputs", "outputs"):
            declared = getattr(item, name)
            assert isinstance(declared, Declared), pair
            if expected[pair][name] is not None:
                assert expected[pair][name] in [list(way) for way in declared.ways], pair
        models = expected[pair]["models"]
        assert [model.item.name for model in item.models] == list(models), pair
        for model, signature in zip(item.models, item.signatures, strict=True):
            assert isinstance(signature, Signature), pair
            assert list(signature.parameters) == models[model.item.name]["parameters"], pair
            fields = snapshot.models.fields(model)
            if isinstance(fields, frozenset):
                promised = models[model.item.name]["fields"] or []
                # Upstream's annotations of albert and gpt-neo promise another class than is returned.
                assert sorted(fields) == promised or pair[0] in ("albert", "gpt-neo"), pair
            assert forward.main_input(model) == models[model.item.name]["main_input"], pair


def test_the_rows_of_one_model_type_are_those_of_the_whole_table(whole: Checked) -> None:
    """For every model type and Auto class, of PyTorch and of TensorFlow."""
    snapshot, tasks = whole.head, whole.head.registry.tasks
    for path, wanted in ((modeling.TABLES, tasks), (modeling.TENSORFLOW_TABLES, snapshot.registry.tensorflow_tasks)):
        autos = frozenset(auto for several in wanted.values() for auto in several)
        heads = modeling.read_table_file(snapshot, path, autos)
        keys = {key for table in heads.models.values() for key in table}
        assert len(keys) > (200 if path == modeling.TABLES else 50)
        for key in (*sorted(keys), "absent"):
            narrow = modeling.read_table_file(snapshot, path, autos, key)
            for auto in autos:
                assert narrow.classes([auto], key) == heads.classes([auto], key), (auto, key)
                assert narrow.lacks([auto], key) == heads.lacks([auto], key), (auto, key)
            assert sum(map(len, narrow.models.values())) < 60, "other rows are read too"


def check_branch(repository: Repository, branch: str) -> tuple[catalog.Finding, ...]:
    """Check a branch from git alone: the repository is shared by all tests and stays as it is."""
    changed = changes.from_git(repository.root, "main", branch)
    assert changed.base is not None
    assert changed.head is not None
    head_tree = tree.revision(repository.root, changed.head)
    project = open_project(repository.root, head_tree)
    head = project.snapshot(head_tree)
    base = project.base_snapshot(tree.revision(repository.root, changed.base), head)
    findings, not_checked = catalog.find_all(head, base, changed.paths)
    assert not_checked == ()
    plan = make_plan(project, head, changed, base=base)
    assert [item.what for item in plan.not_checked if item.blocking] == (["mpnet"] if branch == "incomplete" else [])
    return findings


def test_a_harmless_pull_request(transformers_4_repository: Repository) -> None:
    assert check_branch(transformers_4_repository, "harmless") == ()


def test_a_pull_request_that_forgets_registry_and_matrix(transformers_4_repository: Repository) -> None:
    findings = check_branch(transformers_4_repository, "incomplete")
    assert [(item.status, item.rule, item.path, item.subject) for item in findings] == [
        ("new", "unregistered", MPNET, "MPNetOnnxConfig")
    ]


def test_one_changed_file_is_checked_in_a_blink(transformers_4_repository: Repository) -> None:
    """Cold, whole process with its git processes, in CPU seconds: those do not depend on what else the machine does.

    Measured were 0.12 to 0.15 s of CPU, 0.13 s of wall time; the limit leaves a slower machine twice that.
    """
    root = transformers_4_repository.root
    command = [sys.executable, "-m", "transformers_export", "check", "--static", "--base", "main", "--head", "harmless"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    assert git(root, "diff", "--name-only", "main", "harmless") == DISTILBERT
    seconds = []
    for _ in range(5):
        before = os.times()
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
        assert done.returncode == 0, done.stdout + done.stderr
    assert 0 < min(seconds) < 0.3


MEASURED = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime]))
"""
"""What a process used, measured from a small one: Linux begins a child's peak at the size of its parent."""


def test_the_whole_tree_is_checked_in_little_memory(transformers_4_repository: Repository) -> None:
    """In a process of its own; measured were 106 to 120 MB and 1.2 to 1.7 s of CPU."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    check = [sys.executable, "-m", "transformers_export", "check", "--static", "--all"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *check],
        cwd=transformers_4_repository.root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    code, megabytes, seconds = json.loads(done.stdout)
    assert code == 0
    assert 20 < megabytes < 150
    assert 0 < seconds < 3
