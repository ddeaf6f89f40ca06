"""Mending what the rules find, in memory: on a copy of the tree, round by round until nothing is left to mend.

One fix makes room for the next: a class that is registered is then missing from the matrix. After each round the rules
run again; a fix whose finding still stands is taken back. Writing what came out is not done here.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transformers_export.rules.catalog import find_all, fix_of
from transformers_export.source.overlay import Overlay
from transformers_export.verdict.types import Fix, FixedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.project import Project
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding, NotChecked

    Key = tuple[str, str, str]

_ROUNDS = 12
"""Each round mends something or is the last; the longest way there is, from a class to the docs, takes three."""


@dataclass(frozen=True)
class Fixes:
    """What mending came to."""

    files: dict[str, bytes] = field(default_factory=dict)
    """The new content of every file that is changed."""
    before: dict[str, bytes] = field(default_factory=dict)
    """Their content as it was read; of one that is new there is none."""
    what: tuple[str, ...] = ()
    """What was mended."""
    notes: tuple[str, ...] = ()
    """What somebody should look at, and what could not be edited."""


@dataclass
class _Draft:
    """The state between rounds."""

    files: dict[str, bytes]
    said: dict[Key, tuple[str, str]]
    """What was mended: what, and what to look at."""
    refused: dict[Key, str]
    """What could not be mended, and why."""


def find_fixes(
    project: Project,
    head: Snapshot,
    base: Snapshot | None,
    changed: frozenset[str] | None,
    *,
    ignore: Mapping[str, str] | None = None,
    strict: bool = False,
) -> Fixes:
    """Mend what a check with the same arguments finds: what is new, and with `strict` what stands.

    See `catalog.find_all` for the arguments. The tree of `head` stays as it is.
    """
    draft = _Draft({}, {}, {})
    tree, concerned = head.tree, changed
    for _ in range(_ROUNDS):
        findings, not_checked = find_all(head, base, concerned, ignore=ignore)
        todo = [item for item in findings if _counts(item, strict) and _key(item) not in draft.refused]
        after = _round(head, draft, todo)
        if after is None:
            break
        mended = project.snapshot(Overlay(tree, after.files))
        if base is not None:
            mended.widen(base)
        if changed is not None and base is not None:  # without one, all that an edited file says would be new
            concerned = changed | after.files.keys()
        failed = _still_wrong(draft, after, find_all(mended, base, concerned, ignore=ignore), strict, not_checked)
        if failed:
            draft.refused.update(failed)
        else:
            draft, head = after, mended
    before = {path: tree.read(path) or b"" for path in draft.files}
    kept = {path: content for path, content in draft.files.items() if content != before[path]}
    notes = [note for _, note in draft.said.values() if note] + [*draft.refused.values()]
    return Fixes(kept, before, tuple(what for what, _ in draft.said.values()), tuple(dict.fromkeys(notes)))


def _round(head: Snapshot, draft: _Draft, todo: list[Finding]) -> _Draft | None:
    """Mend what there is to mend, each edit on what the others left; None where there is nothing."""
    files, said = dict(draft.files), dict(draft.said)
    for finding in todo:
        fix = fix_of(head, finding)
        if fix is None:
            continue
        edited: dict[str, bytes] = {}
        for step in fix.steps:
            content = edited.get(step.path, files.get(step.path, head.tree.read(step.path) or b""))
            result = step.edit(content)
            if not isinstance(result, bytes):
                where = f"{finding.rule} of {finding.subject}"
                draft.refused[_key(finding)] = f"{where} was not fixed: {step.path} could not be edited: {result.why}."
                break
            edited[step.path] = result
        else:
            files.update(edited)
            said[_key(finding)] = fix.what, fix.note
    return _Draft(files, said, draft.refused) if len(said) > len(draft.said) else None


def _still_wrong(
    draft: _Draft,
    after: _Draft,
    result: tuple[tuple[Finding, ...], tuple[NotChecked, ...]],
    strict: bool,
    not_checked: tuple[NotChecked, ...],
) -> dict[Key, str]:
    """The fixes of a round whose finding still stands; all of them where a file or an earlier fix suffers by them."""
    findings, gaps = result
    standing = {_key(item) for item in findings if _counts(item, strict)}
    worse = {gap for gap in gaps if gap.blocking} - set(not_checked) or standing & draft.said.keys()
    return {
        key: f"{key[0]} of {key[2]} was not fixed: what is certain to mend it here was not found."
        for key in after.said.keys() - draft.said.keys()
        if worse or key in standing
    }


def _counts(finding: Finding, strict: bool) -> bool:
    return finding.status == "new" or (strict and finding.status == "standing")


def _key(finding: Finding) -> Key:
    return finding.rule, finding.path, finding.subject


def as_diff(fixes: Fixes) -> Fix | None:
    """The fixes for a verdict, a diff a file; None where there are none."""
    files: list[FixedFile] = []
    notes = list(fixes.notes)
    for path in sorted(fixes.files):
        try:
            texts = fixes.before.get(path, b"").decode(), fixes.files[path].decode()
        except UnicodeDecodeError:
            notes.append(f"The change of {path}, which is not in UTF-8, is not shown: run `--fix`.")
            continue
        files.append(FixedFile(path, _diff(path if path in fixes.before else None, path, *texts)))
    return Fix(tuple(files), fixes.what, tuple(notes)) if files or notes else None


def _diff(old: str | None, path: str, before: str, after: str) -> str:
    """As git writes it, for `git apply`; without an old path the file is new."""
    was = f"a/{old}" if old else "/dev/null"
    rows = difflib.unified_diff(_lines(before), _lines(after), was, f"b/{path}", lineterm="\n")
    return "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows)


def _lines(text: str) -> list[str]:
    """Lines as git counts them: neither a form feed nor a lone CR ends one."""
    *whole, last = text.split("\n")
    return [f"{line}\n" for line in whole] + ([last] if last else [])
