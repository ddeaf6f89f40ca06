"""What a check exports: from a change to the affected model types, and from those to cases.

Needs the tool interpreter alone: features come from registries read with `ast`. Which model types are affected is
decided in `affected.py`; how cases run, in `workers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from transformers_export.cases.affected import Impact, everything, impact
from transformers_export.cases.notes import notes
from transformers_export.cases.types import DEFAULT_MEMORY_LIMIT, DEFAULT_TIMEOUT, Case, ExporterChoice, Plan, Provider
from transformers_export.project import Settings, SettingsError
from transformers_export.source import hub, registry
from transformers_export.verdict.types import Affected, NotChecked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from transformers_export.changes import Changes
    from transformers_export.project import Project
    from transformers_export.source.snapshot import Snapshot

_EXPORTERS: dict[str, tuple[ExporterChoice, ...]] = {
    "dynamo": ("dynamo",),
    "legacy": ("legacy",),
    "both": ("dynamo", "legacy"),
    "auto": ("auto",),
}


@dataclass(frozen=True)
class Limits:
    """What every case gets: the caller's word, else the settings', else the defaults."""

    exporters: tuple[ExporterChoice, ...]
    opset: int | None
    atol: float | None
    timeout: float
    memory_limit: int


@dataclass(frozen=True)
class Exportable:
    """What can be exported: features of each registry key, and how the worker finds them."""

    features: Mapping[str, tuple[str, ...]]
    provider: Provider
    place: str
    """Where a model type would have to be added, for messages."""


def make_plan(
    project: Project,
    snapshot: Snapshot,
    changes: Changes | None,
    *,
    base: Snapshot | None = None,
    exporter: str | None = None,
    opset: int | None = None,
    atol: float | None = None,
    timeout: float | None = None,
    memory_limit: int | None = None,
    everything: bool = False,
) -> Plan:
    """Decide which cases a check runs.

    Args:
        project: The checked repository.
        snapshot: Its files now.
        changes: What changed; None plans nothing unless `everything`.
        base: The files the change is compared with: only entries of registry and matrix that differ are affected.
            Without it all entries of a changed registry are.
        exporter: `dynamo`, `legacy`, `both` or `auto`, in place of the settings'.
        opset: In place of the settings'.
        atol: In place of the settings'.
        timeout: Seconds a case may take, in place of the settings'.
        memory_limit: Bytes a case may use, in place of the settings'.
        everything: Plan every registered model type.

    Raises:
        SettingsError: An exporter that does not exist.
    """
    settings = project.settings
    limits = Limits(
        _exporters(exporter or settings.exporter),
        opset or settings.opset,
        atol or settings.atol,
        timeout or settings.timeout or DEFAULT_TIMEOUT,
        memory_limit or settings.memory_bytes or DEFAULT_MEMORY_LIMIT,
    )
    exportable = find_exportable(project, snapshot)
    found = _impact(snapshot, base, changes, exportable, everything)
    cases: list[Case] = []
    not_checked: list[NotChecked] = []
    for item in found.affected:
        features = exportable.features.get(item.model_type, ())
        made = [case for feature in features for case in _cases(item.model_type, feature, exportable, limits, settings)]
        cases += made
        if not made:
            doubt = _doubt(item, project, snapshot, base)
            not_checked.append(_no_case(item, snapshot, changes, exportable, settings, doubt))
    not_checked += [_unplaced(path, settings) for path in found.unplaced]
    if everything and not found.affected:
        not_checked.append(_nothing_at_all(exportable))
    not_checked += notes(project, base, changes)
    return Plan(tuple(cases), found.affected, tuple(not_checked))


def changed_anything_relevant(project: Project, snapshot: Snapshot, changes: Changes) -> bool:
    """Whether a change affects any model type, or anything a check would have to speak of."""
    plan = make_plan(project, snapshot, changes)
    return bool(plan.affected or plan.not_checked)


def _exporters(name: str) -> tuple[ExporterChoice, ...]:
    if name not in _EXPORTERS:
        raise SettingsError(f"Unknown exporter {name!r}: expected {', '.join(_EXPORTERS)}.")
    return _EXPORTERS[name]


def _impact(
    snapshot: Snapshot, base: Snapshot | None, changes: Changes | None, exportable: Exportable, every: bool
) -> Impact:
    if every:
        return everything(sorted(exportable.features), exportable.place)
    if changes is None:
        return Impact()
    if snapshot.layout == "remote-code":
        return _hub_impact(snapshot, changes, exportable)
    return impact(snapshot, base, changes, frozenset(exportable.features))


def _hub_impact(snapshot: Snapshot, changes: Changes, exportable: Exportable) -> Impact:
    """A Hub folder holds one model: any of its Python, or its config.json, affects it."""
    code = [path for path in sorted(changes.paths) if path == "config.json" or path.endswith(".py")]
    keys = sorted(exportable.features) or ([key for key in [hub.key(snapshot)] if key] if code else [])
    return Impact(tuple(Affected(key, code[0], "its folder changed") for key in keys) if code else ())


def find_exportable(project: Project, snapshot: Snapshot) -> Exportable:
    """Read what a state of the repository can export."""
    root = str(project.root)
    if snapshot.layout == "remote-code":
        return _hub(project, snapshot)
    if snapshot.layout == "transformers-5":
        ready = registry.read(snapshot, registry.READY_MADE)
        place = "the ready-made configurations of transformers-export"
        return Exportable(_features(ready), Provider("ready-made", folder=root), place)
    place = snapshot.registries[0] if snapshot.registries else "a features registry"
    if snapshot.layout == "transformers-4":
        return Exportable(_features(snapshot.registry), Provider("transformers", folder=root), place)
    files = dict.fromkeys((*snapshot.auto_registrations, *snapshot.registries))
    modules = tuple(dict.fromkeys(filter(None, map(snapshot.module_of, files))))
    return Exportable(_features(snapshot.registry), Provider("package", modules, root), place)


def _features(entries: registry.Registry) -> dict[str, tuple[str, ...]]:
    """A feature listed twice is exported once."""
    return {entry.key: tuple(dict.fromkeys(item.name for item in entry.features)) for entry in entries.entries}


def _hub(project: Project, snapshot: Snapshot) -> Exportable:
    """The features of a Hub folder: those of the Auto classes in its `auto_map`."""
    features = _features(snapshot.registry)
    if not features:
        place = "a class derived from transformers_export.onnx.OnnxConfig in configuration_*.py of the folder"
        return Exportable({}, Provider("remote-code", folder=str(project.root)), place)
    onnx_config = snapshot.registry.entries[0].onnx_config
    provider = Provider("remote-code", folder=str(project.root), onnx_config=onnx_config)
    return Exportable(features, provider, "auto_map of config.json")


def _cases(key: str, feature: str, exportable: Exportable, limits: Limits, settings: Settings) -> Iterator[Case]:
    for exporter in _choices(settings, limits):
        traced = exporter == "torchscript"
        yield Case(
            model_type=key,
            feature=feature,
            target="torchscript" if traced else "onnx",
            exporter=exporter,
            provider=exportable.provider,
            opset=None if traced else limits.opset,
            atol=limits.atol,
            timeout=limits.timeout,
            memory_limit=limits.memory_limit,
            expected_failure=expected_failure(settings, key, feature, exporter),
        )


def _choices(settings: Settings, limits: Limits) -> Iterator[ExporterChoice]:
    """How each feature is exported: by every exporter that was asked for, for every target, each once."""
    for target in dict.fromkeys(settings.targets):
        yield from limits.exporters if target == "onnx" else ("torchscript",)


def expected_failure(settings: Settings, key: str, feature: str, exporter: str) -> str | None:
    """Why the settings expect a case to fail; None where they do not."""
    name = f"{key}/{feature}"
    return _reason(settings.expected_failures, (key, name, f"{name}/{exporter}"))


def _reason(reasons: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((why for pattern, why in reasons.items() if any(fnmatchcase(name, pattern) for name in names)), None)


def _doubt(item: Affected, project: Project, snapshot: Snapshot, base: Snapshot | None) -> str:
    """Why a model type that has no features may well be one to export; empty where nothing speaks for it."""
    if snapshot.registry.unread:
        first = snapshot.registry.unread[0]
        return f"The registry could not be read as a whole ({first.path}:{first.line}: {first.why})"
    had = find_exportable(project, base).features.get(item.model_type) if base else None
    return f"The base has {', '.join(had)}" if had else ""


def _no_case(
    item: Affected,
    snapshot: Snapshot,
    changes: Changes | None,
    exportable: Exportable,
    settings: Settings,
    doubt: str,
) -> NotChecked:
    """Why a model type is not exported.

    It blocks when its own configuration changed, when it may have been registered, and for a Hub folder's only model.
    """
    reason = _reason(settings.ignore, (item.model_type, item.path))
    if reason is not None:
        return NotChecked(item.model_type, f"no export, as the settings say: {reason}")
    if snapshot.layout == "remote-code":
        why = f"no export: expected {exportable.place}, and an Auto class of a known task in auto_map"
        return NotChecked(item.model_type, f"{why}. {_remedy(item.model_type)}", blocking=True)
    why = f"nothing to export: {item.why} ({item.path}), but {item.model_type!r} has no features in {exportable.place}"
    if doubt:
        return NotChecked(item.model_type, f"{why}. {doubt}. {_remedy(item.model_type)}", blocking=True)
    if changes is None or item.path not in changes.paths or not snapshot.is_configuration(item.path):
        return NotChecked(item.model_type, f"{why}.")
    return NotChecked(item.model_type, f"{why}. {_remedy(item.model_type)}", blocking=True)


def _unplaced(path: str, settings: Settings) -> NotChecked:
    reason = _reason(settings.ignore, (path,))
    if reason is not None:
        return NotChecked(path, f"no export, as the settings say: {reason}")
    why = "the file changed, but no model type could be read from it, so nothing is exported"
    return NotChecked(path, f"{why}. {_remedy(path)}", blocking=True)


def _nothing_at_all(exportable: Exportable) -> NotChecked:
    why = f"all were asked for, and none is registered: no features were found in {exportable.place}"
    return NotChecked("model types", why, blocking=True)


def _remedy(name: str) -> str:
    return f'Register its features, or say why not: [tool.transformers-export.ignore] "{name}" = "reason".'
