"""The rules that run, and what their findings are against the base: new, standing or fixed."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from transformers_export.rules import (
    auto_map_class_missing,
    auto_map_file_missing,
    auto_map_form,
    docs_missing,
    duplicate_feature,
    duplicate_key,
    input_not_in_forward,
    input_order,
    main_input_missing,
    matrix_no_auto_class,
    matrix_not_registered,
    missing_feature,
    no_auto_class,
    no_matrix_entry,
    no_outputs_for_task,
    not_exported,
    output_not_in_model_output,
    past_without_cache,
    registry_class_unknown,
    removed_import,
    required_input_missing,
    unknown_base_attribute,
    unknown_feature,
    unreachable_key,
    unregistered,
    unused_ignore,
    wrong_matrix_set,
)
from transformers_export.rules.lost import find_lost
from transformers_export.rules.scope import Scope, may_concern_models, scope_of
from transformers_export.source.python import Unread
from transformers_export.verdict.plain import Finding, NotChecked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from transformers_export.rules.fix import Fix
    from transformers_export.source.snapshot import Snapshot


class Rule(Protocol):
    """A rule's module."""

    NAME: str
    """What users see, ignore and search for."""

    def find(self, snapshot: Snapshot, scope: Scope) -> Iterable[Finding | Unread]:
        """Everything it has to say about what the scope holds."""


class FixingRule(Rule, Protocol):
    """A rule that mends what it finds, where it is certain what was meant."""

    def fix(self, snapshot: Snapshot, finding: Finding) -> Fix | None:
        """How to mend one of its findings; None for one that needs somebody."""


RULES: tuple[Rule, ...] = (
    unregistered,
    registry_class_unknown,
    unreachable_key,
    duplicate_key,
    duplicate_feature,
    unknown_feature,
    no_outputs_for_task,
    no_auto_class,
    past_without_cache,
    no_matrix_entry,
    matrix_not_registered,
    matrix_no_auto_class,
    wrong_matrix_set,
    not_exported,
    docs_missing,
    input_not_in_forward,
    required_input_missing,
    main_input_missing,
    input_order,
    output_not_in_model_output,
    unknown_base_attribute,
    removed_import,
    missing_feature,
    auto_map_form,
    auto_map_file_missing,
    auto_map_class_missing,
)

FIXING: tuple[FixingRule, ...] = (
    unregistered,
    unreachable_key,
    duplicate_key,
    duplicate_feature,
    no_matrix_entry,
    wrong_matrix_set,
    not_exported,
    docs_missing,
    removed_import,
)


def fix_of(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """How to mend a finding; None where that needs somebody."""
    if finding.rule == unused_ignore.NAME:
        return unused_ignore.fix(snapshot, finding, NAMES)
    rule = next((rule for rule in FIXING if finding.rule == rule.NAME), None)
    return rule.fix(snapshot, finding) if rule else None


def find_all(
    head: Snapshot,
    base: Snapshot | None,
    changed: frozenset[str] | None,
    *,
    ignore: Mapping[str, str] | None = None,
) -> tuple[tuple[Finding, ...], tuple[NotChecked, ...]]:
    """Run every rule on what changed (everything with `changed=None`) and compare with the base.

    Args:
        head: The tree that is checked.
        base: What it is compared with; without one every finding is new.
        changed: The changed paths. What they do not touch is not looked at.
        ignore: From the settings: `rule`, `rule:subject` or path (`*` allowed) to the reason. What is ignored is listed
            among what was not checked.

    Returns:
        The findings, errors of this change first, and what could not be read.
    """
    if base is not None:
        base.share(head)
        if changed is not None and not any(map(may_concern_models, changed)):
            base.share_models(head)
    scope = scope_of(head, base, changed)
    now, unread = _run(head, scope)
    before, _ = _run(base, scope) if base else ({}, set())
    commented = _take_commented(head, scope, now)
    if base:
        _take_commented(base, scope, before)
    for key in commented:
        before.pop(key, None)
    moved = {(rule, subject): path for rule, path, subject in before if not head.tree.exists(path)}
    findings: list[Finding] = []
    for (rule, path, subject), item in now.items():
        # In a file that was renamed it is the finding of the old one.
        old = path if (rule, path, subject) in before else moved.get((rule, subject))
        standing = before.pop((rule, old, subject), None) if old is not None else None
        findings.append(item._replace(status="standing" if standing else "new"))
    findings += [item._replace(status="fixed") for item in before.values()]
    kept: list[Finding] = []
    used: set[str] = set()
    not_checked = [
        NotChecked(f"{rule} of {subject} in {path}", f"ignored: {why}")
        for (rule, path, subject), why in commented.items()
    ]
    for item in sorted(findings, key=_order):
        pattern = _pattern(item, ignore or {}) if item.status != "fixed" else None
        if pattern is None or ignore is None:
            kept.append(item)
        else:
            used.add(pattern)
            reason = ignore[pattern]
            not_checked.append(NotChecked(f"{item.rule} of {item.subject} in {item.path}", f"ignored: {reason}"))
    lost = find_lost(head, base) if base else ()
    if scope.whole:
        kept += unused_ignore.unused_settings(head, sorted((ignore or {}).keys() - used), PAGES.keys())
    said = (*lost, *not_checked, *_gaps(head, scope, unread, changed))
    return tuple(map(_printable, kept)), tuple(map(_printable, said))


_Said = TypeVar("_Said", Finding, NotChecked)


def _printable(item: _Said) -> _Said:
    """The same without surrogates, which a source or a file's name may hold and no output takes."""
    texts: dict[str, Any] = {
        name: value for name, value in item._asdict().items() if isinstance(value, str) and not value.isascii()
    }
    clean: dict[str, Any] = {name: value.encode(errors="backslashreplace").decode() for name, value in texts.items()}
    return item if clean == texts else item._replace(**clean)


Key = tuple[str, str, str]
NAMES = frozenset(rule.NAME for rule in RULES)
PAGES = {**{rule.NAME: rule.find.__doc__ or "" for rule in RULES}, unused_ignore.NAME: unused_ignore.find.__doc__ or ""}
"""What each rule says of itself: its page in docs/rules/ and its row in the README are made of it."""
FIXES = {**{rule.NAME: rule.fix.__doc__ or "" for rule in FIXING}, unused_ignore.NAME: unused_ignore.fix.__doc__ or ""}
"""What the rules that can mend a finding say of how they do."""


def _take_commented(snapshot: Snapshot, scope: Scope, found: dict[Key, Finding]) -> dict[Key, str]:
    """Take out of the findings what a comment on their line ignores; each with the reason the comment gives."""
    comments = {(item.rule, item.path, item.line): item.reason for item in unused_ignore.written(snapshot, scope)}
    places = {key: (item.rule, item.path, item.line) for key, item in found.items()} if comments else {}
    taken = {key: comments[place] or "by a comment on its line" for key, place in places.items() if place in comments}
    for key in taken:
        del found[key]
    return taken


def _run(snapshot: Snapshot, scope: Scope) -> tuple[dict[Key, Finding], set[Unread]]:
    """Findings by what identifies them when lines have moved: rule, path and subject."""
    found: dict[Key, Finding] = {}
    unread: set[Unread] = set()
    for rule in RULES:
        for item in rule.find(snapshot, scope):
            if isinstance(item, Unread):
                unread.add(item)
            else:
                found.setdefault((item.rule, item.path, item.subject), item)
    for item in unused_ignore.find(snapshot, scope, NAMES, found.values(), unread):
        found[item.rule, item.path, item.subject] = item
    return found, unread


_STATUS = {"new": 0, "standing": 1, "fixed": 2}


def _order(item: Finding) -> tuple[int, str, int, str, str]:
    return _STATUS[item.status], item.path, item.line, item.rule, item.subject


def _pattern(item: Finding, ignore: Mapping[str, str]) -> str | None:
    """The first of the settings' patterns that ignores a finding."""
    names = (item.rule, f"{item.rule}:{item.subject}", item.path)
    return next((pattern for pattern in ignore if any(fnmatchcase(name, pattern) for name in names)), None)


def _gaps(
    snapshot: Snapshot, scope: Scope, unread: set[Unread], changed: frozenset[str] | None
) -> Iterator[NotChecked]:
    """What the readers could not read of what was looked at.

    A changed file that is no Python at all blocks, and where everything is checked such a registry.
    """
    for path in sorted(changed or ()):
        if snapshot.is_set_aside(path) and snapshot.tree.exists(path):
            folder = path.partition("/")[0]
            why = f"it is named like a configuration, but {folder}/ is not looked at: name it under `configurations`"
            yield NotChecked(path, f"{why} in [tool.transformers-export] if it is one")
    found = unread | {*snapshot.registry.unread, *(snapshot.hub.unread if snapshot.hub else ())}
    deciding = frozenset(snapshot.registries) if changed is None else changed
    for path in (*scope.configurations(snapshot), *snapshot.auto_registrations):
        source = snapshot.source(path)
        found |= set(source.unread) if source else set()
    if snapshot.matrix is None:
        if snapshot.registries:
            yield NotChecked("test matrix", "no matrix: this repository has no tests/onnx/test_onnx_v2.py")
    else:
        found |= set(snapshot.matrix.unread)
    if scope.entries(snapshot):
        found |= set(snapshot.heads.unread)
    for item in sorted(found, key=lambda item: (item.path, item.line, item.why)):
        yield NotChecked(f"{item.path}:{item.line}", item.why, blocking=item.broken and item.path in deciding)
