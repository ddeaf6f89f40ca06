"""Rule `unused-ignore`: what comments ignore is taken out of the findings here, and what ignores nothing is said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformers_export.rules.finding import Spot, at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.comments import Ignore
    from transformers_export.source.python import Unread
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "unused-ignore"
SETTINGS = "pyproject.toml"


def find(
    snapshot: Snapshot, scope: Scope, rules: Collection[str], findings: Collection[Finding], unread: Collection[Unread]
) -> Iterator[Finding]:
    """A comment `# transformers-export: ignore[rule]` that ignores nothing: the rule has nothing to say on its line.

    The same is said of an entry in the settings that names a rule, or something before a colon that is none, when
    everything is looked at.

    Advice. Said of configuration files that are looked at, of every file when everything is; not of a file of which
    something could not be read.
    """
    used = {(item.path, item.line, item.rule) for item in findings}
    silent = {item.path for item in unread}
    for item in written(snapshot, scope):
        if item.rule in rules and ((item.path, item.line, item.rule) in used or item.path in silent):
            continue
        if item.rule in rules and not scope.whole and not snapshot.is_configuration(item.path):
            continue  # a registry is looked at in part
        known = item.rule in rules
        yield at(
            item,
            NAME,
            item.rule,
            f"The comment ignores {item.rule}, which {'finds nothing on this line' if known else 'is no rule'}.",
            "Remove it." if known else f"Use one of: {', '.join(sorted(rules))}.",
            severity="advice",
        )


def fix(snapshot: Snapshot, finding: Finding, rules: Collection[str]) -> Fix | None:
    """Takes the rule out of the comment, and the comment with its last rule. A name that is no rule is left to you."""
    if finding.subject not in rules or finding.path == SETTINGS:
        return None
    from transformers_export.edits import comments
    from transformers_export.rules.fix import Fix, Step

    step = Step(finding.path, lambda content: comments.remove_ignore(content, finding.line, finding.subject))
    return Fix(f"Take out an ignore of {finding.subject} in {finding.path} that ignored nothing.", (step,))


def unused_settings(snapshot: Snapshot, patterns: Iterable[str], rules: Collection[str]) -> Iterator[Finding]:
    """The settings' ignores of rules that ignored nothing although everything was looked at.

    A model type or a file may be named as well, for what is exported: of those nothing is said.
    """
    text = (snapshot.tree.read(SETTINGS) or b"").decode(errors="replace")
    for pattern in patterns:
        rule, separator, _ = pattern.partition(":")
        known = rule in rules
        if not known and not separator:
            continue
        written = re.search(rf"""(?m)(^|[{{,\s])["']?{re.escape(pattern)}["']?\s*=""", text)
        why = "ignores nothing" if known else f"names no rule: there is no {rule}"
        yield at(
            Spot(SETTINGS, text.count("\n", 0, written.end() if written else 0) + 1, 1),
            NAME,
            pattern,
            f'[tool.transformers-export.ignore] has "{pattern}", which {why}.',
            "Remove it." if known else f"Use one of: {', '.join(sorted(rules))}.",
            severity="advice",
        )


def written(snapshot: Snapshot, scope: Scope) -> tuple[Ignore, ...]:
    """The ignores in the configuration files that are looked at, the registries and the matrix."""
    paths = dict.fromkeys((*scope.configurations(snapshot), *snapshot.registries, snapshot.matrix_path))
    return tuple(item for path in paths if path for item in snapshot.ignores(path))
