"""Rule `unregistered`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.rules.helpers import stands_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.fix import Fix
    from transformers_export.rules.scope import Scope
    from transformers_export.source.configuration import OnnxClass
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "unregistered"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding]:
    """An ONNX configuration class that no entry of the features registry names: nothing can be exported with it.

    Bases, and helper classes that another configuration class builds, need no entry. Silent while the registry holds
    something that could not be read.
    """
    registry = snapshot.registry
    if not snapshot.registries or registry.unread:
        return
    for path in scope.configurations(snapshot):
        for item in snapshot.onnx_classes(path):
            if not _is_registered(snapshot, item) and stands_alone(snapshot, item):
                yield at(
                    item,
                    NAME,
                    item.name,
                    f"{item.name} is not in the features registry, so nothing can be exported with it.",
                    _hint(snapshot, item),
                )


def fix(snapshot: Snapshot, finding: Finding) -> Fix | None:
    """Registers the class under its model type, with every feature that an Auto class has a model for, in the form and
    the order of the other entries; a head that the class is certain not to export is left out, and that is said.
    Where the model type or the heads are not certain the entry is only proposed.
    """
    from transformers_export.rules.registering import entry_for  # not needed to find

    item = next((item for item in snapshot.onnx_classes(finding.path) if item.name == finding.subject), None)
    entry = entry_for(snapshot, item) if item else None
    if item is None or entry is None:
        return None
    from transformers_export.edits import registry
    from transformers_export.rules.fix import Fix, Step

    path = snapshot.registries[0]
    new, module = registry.NewEntry(entry.key, entry.features, entry.onnx_config), snapshot.module_of(path)
    return Fix(
        f'Register {item.name} as "{entry.key}" with {", ".join(entry.features)} in {path}.',
        (Step(path, lambda content: registry.add_entry(content, new, module=module)),),
        note=" ".join(entry.left_out),
    )


def _is_registered(snapshot: Snapshot, item: OnnxClass) -> bool:
    for entry in snapshot.registry.entries:
        module, _, name = entry.onnx_config.rpartition(".")
        if name == item.name:
            found = snapshot.find_entry_class(entry)
            if found.path == item.path if found else snapshot.file_of(module) and snapshot.is_open(module, name):
                return True  # or it may be: what cannot be looked up is another rule's to report
    return False


def _hint(snapshot: Snapshot, item: OnnxClass) -> str:
    types = snapshot.model_types(item.path)
    # A file of several (text, vision and both) names the one the class belongs to.
    own = tuple(found for found in types if found.class_name == item.name.replace("Onnx", ""))
    key = (own or types)[0].key if types else "its-model-type"
    module = snapshot.module_of(item.path)
    if snapshot.layout == "transformers-4":
        package = module.rpartition(".")[0].partition(".")[2]
        entry = f'"{key}": supported_features_mapping("default", onnx_config_cls="{package}.{item.name}")'
    else:
        entry = f'FeaturesManager.register("{key}", "default", onnx_config="{module}.{item.name}")'
    return f"Add {entry} with all its features to {snapshot.registries[0]}."
