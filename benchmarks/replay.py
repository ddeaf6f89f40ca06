"""Run the static check over a history: what each commit made wrong, and what it mended.

    python benchmarks/replay.py REPOSITORY REVISION...

A revision is a commit, or a range such as `v4.48.0..main` (its first parents, oldest first). Each commit is compared
with its first parent. Files are read from git alone: nothing is checked out, imported or run. A file that several
commits hold unchanged is parsed once.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.changes import ChangesError, from_git, resolve
from transformers_export.project import SettingsError, open_project
from transformers_export.rules.catalog import find_all
from transformers_export.source import git
from transformers_export.source.tree import revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers_export.source.modules import Parsed
    from transformers_export.verdict.plain import Finding, NotChecked

MOST_BYTES = 30_000_000
"""Of sources kept parsed for the commits to come: ten times as much as memory."""
MARKS = {"new": "+", "fixed": "-"}


@dataclass(frozen=True)
class Replayed:
    """What one commit came to."""

    commit: str
    title: str
    findings: tuple[Finding, ...] = ()
    """The new and the fixed ones."""
    not_checked: tuple[NotChecked, ...] = ()
    """What blocks a pull request."""
    problem: str = ""
    """Why the commit could not be checked; empty for one that was."""


def commits(root: Path, revisions: Sequence[str]) -> list[str]:
    """The commits that the arguments name, in order."""
    found: list[str] = []
    for named in revisions:
        if ".." in named:
            found += git.run(root, "rev-list", "--reverse", "--first-parent", named, "--").decode().split()
        else:
            found.append(resolve(root, named))
    return found


def replay(root: Path, named: Sequence[str]) -> Iterator[Replayed]:
    """Check one commit after the other."""
    parsed: Parsed = {}
    for commit in named:
        line = git.run(root, "log", "-1", "--format=%P%x00%as %s", commit).decode(errors="replace").strip("\n")
        parents, _, title = line.partition("\0")
        if sum(len(content) for _, content in parsed) > MOST_BYTES:
            parsed.clear()
        try:
            yield _checked(root, commit, title, parents.partition(" ")[0], parsed)
        except (ChangesError, SettingsError, git.GitError) as error:
            yield Replayed(commit, title, problem=str(error))


def _checked(root: Path, commit: str, title: str, parent: str, parsed: Parsed) -> Replayed:
    tree = revision(root, commit)
    project = open_project(root, tree, parsed)
    head = project.snapshot(tree)
    base, changed = None, None
    if parent:
        base = project.base_snapshot(revision(root, parent), head)
        changed = from_git(root, parent, commit).paths
    findings, not_checked = find_all(head, base, changed, ignore=project.settings.ignore)
    said = tuple(item for item in findings if item.status in MARKS)
    return Replayed(commit, title, said, tuple(item for item in not_checked if item.blocking))


def lines(item: Replayed) -> Iterator[str]:
    """One commit in words; nothing of a commit that changed nothing for us."""
    if not (item.findings or item.not_checked or item.problem):
        return
    yield f"{item.commit[:12]} {item.title}"
    for found in item.findings:
        advice = " (advice)" if found.severity == "advice" else ""
        yield f"  {MARKS[found.status]} {found.rule}{advice} {found.path}:{found.line} {found.message}"
    yield from (f"  ? {each.what}: {each.why}" for each in item.not_checked)
    if item.problem:
        yield f"  ! {item.problem}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print every commit that has something to say, and the sums. Exit code 1 when one could not be checked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", type=Path)
    parser.add_argument("revisions", nargs="+", metavar="REVISION", help="a commit, or a range A..B")
    options = parser.parse_args(argv)
    root = options.repository.resolve()
    try:
        named = commits(root, options.revisions)
    except (ChangesError, git.GitError) as error:
        parser.error(str(error))
    started, counted = time.process_time(), dict.fromkeys((*MARKS, "problems"), 0)
    for item in replay(root, named):
        for line in lines(item):
            print(line, flush=True)
        for found in item.findings:
            counted[found.status] += 1
        counted["problems"] += bool(item.problem)
    seconds = time.process_time() - started
    print(
        f"{len(named)} commits: {counted['new']} new, {counted['fixed']} fixed, {counted['problems']} could not be "
        f"checked; {seconds:.1f} s of CPU, without git's"
    )
    return 1 if counted["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
