"""What a reader should know of a plan besides its cases: settings that changed with it, what is not built or read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from transformers_export.project import Settings, SettingsError, read_settings
from transformers_export.verdict.types import NotChecked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.changes import Changes
    from transformers_export.project import Project
    from transformers_export.source.snapshot import Snapshot

_TABLE = "[tool.transformers-export]"
_LONGEST = 100
"""Characters of a value that are shown."""
_MOST = 30
"""Settings that are named one by one."""


def notes(project: Project, base: Snapshot | None, changes: Changes | None) -> Iterator[NotChecked]:
    """Everything of that kind, the settings first."""
    if changes is not None and base is not None:
        yield from _settings(project, base)
    for file in changes.files if changes else ():
        if file.submodule:
            yield NotChecked(
                file.path, "a submodule changed: its files are not read here, so nothing follows from them"
            )


def _settings(project: Project, base: Snapshot) -> Iterator[NotChecked]:
    try:
        before = read_settings(base.tree)
    except SettingsError as error:
        yield NotChecked(
            "settings", f"those of the base could not be read, so what changed in them is not said: {error}"
        )
        return
    changed = list(_changed(before, project.settings))
    for key, old, new in changed[:_MOST]:
        yield NotChecked(f"{_TABLE} {key}", f"changed: {_short(old)} -> {_short(new)}")
    if changed:
        more = f"; {len(changed) - _MOST} more settings changed" if len(changed) > _MOST else ""
        why = f"{_TABLE} changed; models that did not change were not exported again (--all does){more}"
        yield NotChecked("settings", why)


def _changed(before: Settings, now: Settings) -> Iterator[tuple[str, object, object]]:
    """Every setting that is another, those of the tables one by one."""
    for name, old, new in zip(Settings._fields, before, now, strict=True):
        key = name.replace("_", "-")
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            for item in sorted(old.keys() | new.keys()):
                if old.get(item) != new.get(item):
                    yield f"{key}.{_short(item)}", old.get(item), new.get(item)
        elif old != new:
            yield key, old, new


def _short(value: object) -> str:
    if value is None:
        return "not set"
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _LONGEST else f"{written[: _LONGEST - 3]}..."
