"""What the registry entry of a configuration class must say: key, every feature its model has a head for, class.

Decided from what the tree itself holds: the Auto tables, and the order that other entries keep.
"""

from __future__ import annotations

from collections import Counter
from functools import cmp_to_key
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.rules.no_outputs_for_task import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.source.configuration import ModelType, OnnxClass
    from transformers_export.source.snapshot import Snapshot


class Registering(NamedTuple):
    """An entry to be written."""

    key: str
    features: tuple[str, ...]
    onnx_config: str
    """Absolute dotted name."""


def entry_for(snapshot: Snapshot, item: OnnxClass) -> Registering | None:
    """The entry of a class; None where its model type is not certain or no head of its model is known."""
    model_type = model_type_of(snapshot, item)
    if model_type is None or snapshot.registry.entry(model_type.key):
        return None
    tasks = _tasks(snapshot, item, model_type.key)
    features: list[str] = []
    for task in tasks:
        features += [task, f"{task}-with-past"] if item.past and is_generative(task) else [task]
    return Registering(model_type.key, tuple(features), _dotted(snapshot, item)) if features else None


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
    heads = {task: snapshot.heads.classes(autos, key) for task, autos in registry.tasks.items()}
    found = [task for task in heads if heads[task] and not refused(snapshot, item.definition, task)]
    if "seq2seq-lm" in found and heads.get("masked-lm") == heads["seq2seq-lm"]:
        found.remove("masked-lm")  # the Auto table of masked models lists bart's too, by which it was trained
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
