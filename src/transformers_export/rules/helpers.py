"""Which configuration classes need no entry of their own: bases, and helpers that another configuration builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.source.configuration import builds, is_abstract

if TYPE_CHECKING:
    from transformers_export.source.configuration import OnnxClass
    from transformers_export.source.snapshot import Snapshot


def stands_alone(snapshot: Snapshot, item: OnnxClass) -> bool:
    """Whether the class is there to be exported by itself.

    It is not when it is abstract, when another configuration class builds it (the encoder's half of
    vision-encoder-decoder, say), or when others derive from it and its file gives no model type but theirs.
    """
    if is_abstract(item.definition):
        return False
    paths = {item.path, *snapshot.configurations_mentioning([item.name])}
    others = [
        other for path in sorted(paths) for other in snapshot.onnx_classes(path) if other.definition != item.definition
    ]
    if any(item.name in builds(other.definition) for other in others):
        return False
    derived = [other for other in others if (item.path, item.name) in other.ancestors]
    theirs = {other.name.replace("Onnx", "") for other in derived if other.path == item.path}
    return not derived or any(found.class_name not in theirs for found in snapshot.model_types(item.path))
