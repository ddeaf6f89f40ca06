"""What the registry entry of a configuration class must say: key, every feature its model has a head for, class.

Decided from what the tree itself holds: the Auto tables, and the order that other entries keep.
"""

from __future__ import annotations

from collections import Counter
from functools import cmp_to_key
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.rules import (
    input_not_in_forward,
    main_input_missing,
    output_not_in_model_output,
    required_input_missing,
)
from transformers_export.rules.no_outputs_for_task import refused
from transformers_export.rules.scope import Scope
from transformers_export.source.python import Unread
from transformers_export.source.registry import Entry, Feature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.source.configuration import ModelType, OnnxClass
    from transformers_export.source.snapshot import Snapshot

_JUDGES = (output_not_in_model_output, input_not_in_forward, required_input_missing, main_input_missing)


class Registering(NamedTuple):
    """An entry to be written."""

    key: str
    features: tuple[str, ...]
    onnx_config: str
    """Absolute dotted name."""
    left_out: tuple[str, ...] = ()
    """One sentence for each feature of whose head it is certain that the class cannot export it."""


def entry_for(snapshot: Snapshot, item: OnnxClass) -> Registering | None:
    """The entry of a class; None where its model type is not certain or no head of its model is known."""
    model_type = model_type_of(snapshot, item)
    if model_type is None or snapshot.registry.entry(model_type.key):
        return None
    tasks = _tasks(snapshot, item, model_type.key)
    features: list[str] = []
    for task in tasks:
        features += [task, f"{task}-with-past"] if item.past and is_generative(task) else [task]
    if not features:
        return None
    entry = Registering(model_type.key, tuple(features), _dotted(snapshot, item))
    wrong = _wrong_tasks(snapshot, entry)
    kept = tuple(name for name in features if name.removesuffix("-with-past") not in wrong)
    if not kept:  # then the class is what is wrong, and that will be found
        return entry
    left_out = tuple(f"{task} of {item.name} was left out: {why}" for task, why in wrong.items())
    return entry._replace(features=kept, left_out=left_out)


def _wrong_tasks(snapshot: Snapshot, entry: Registering) -> dict[str, str]:
    """Tasks a rule finds an error in as soon as they are registered, each with what it says."""
    found: dict[str, str] = {}
    for task in dict.fromkeys(name.removesuffix("-with-past") for name in entry.features):
        names = (name for name in entry.features if name.removesuffix("-with-past") == task)
        features = tuple(Feature(name, 1, 1) for name in names)
        scope = Scope(unwritten=Entry(entry.key, "", 1, 1, features, entry.onnx_config))
        said = (item for rule in _JUDGES for item in rule.find(snapshot, scope))
        first = next((item for item in said if not isinstance(item, Unread)), None)
        if first:
            found[task] = first.message
    return found


def model_type_of(snapshot: Snapshot, item: OnnxClass) -> ModelType | None:
    """The model type a configuration class is for: its file's only one, of several the one named as the class is."""
    types = snapshot.model_types(item.path)
    own = tuple(found for found in types if found.class_name == item.name.replace("Onnx", ""))
    chosen = own or types
    return chosen[0] if len(chosen) == 1 else None


def is_generative(task: str) -> bool:
    """Whether a model decodes for the task, so that past key values speed it up."""
    return task == "default" or (task.endswith("-lm") and task != "masked-lm")


def _tasks(snapshot: Snapshot, item: OnnxClass, key: str) -> list[str]:
    """The tasks that an Auto class has a model for and the class declares outputs for, in the registry's order."""
    registry = snapshot.registry
    known = snapshot.heads.of(key)
    heads = {task: autos for task, autos in registry.tasks.items() if known.intersection(autos)}
    found = [task for task in heads if not refused(snapshot, item.definition, task)]
    if not item.past:  # in July 2021 past key values were a feature of their own
        found = [task for task in found if not Feature(task, 1, 1).past]
    two_sided, masked = (snapshot.heads.classes(heads.get(task, ()), key) for task in ("seq2seq-lm", "masked-lm"))
    if two_sided and two_sided == masked and {"seq2seq-lm", "masked-lm"} <= set(found):
        found.remove("masked-lm")  # the Auto table of masked models lists bart's too, for how it was trained
    return _in_order(found, [[feature.task for feature in entry.features] for entry in registry.entries])


def _in_order(tasks: Sequence[str], entries: Sequence[Sequence[str]]) -> list[str]:
    """Tasks as most entries order them; those that no entry has together stay as they are."""
    before: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        listed = list(dict.fromkeys(entry))
        before.update((one, other) for at, one in enumerate(listed) for other in listed[at + 1 :])

    def compare(one: str, other: str) -> int:
        return (before[other, one] - before[one, other]) or tasks.index(one) - tasks.index(other)

    return sorted(tasks, key=cmp_to_key(compare))


def _dotted(snapshot: Snapshot, item: OnnxClass) -> str:
    """The class as other entries name theirs: by its package where that hands it on, else by its own module."""
    module = snapshot.module_of(item.path)
    package = module.rpartition(".")[0]
    if snapshot.layout == "transformers-4":
        return f"{package}.{item.name}"
    modules = [entry.onnx_config.rpartition(".")[0] for entry in snapshot.registry.entries]
    by_package = not modules or any((snapshot.file_of(name) or "").endswith("/__init__.py") for name in modules)
    found = snapshot.find_class(f"{package}.{item.name}") if by_package and package else None
    return f"{package}.{item.name}" if found == item.definition else f"{module}.{item.name}"
