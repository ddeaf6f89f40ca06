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
    vision-encoder-decoder, say), or when others derive from it and its file gives no model type.
    """
    if is_abstract(item.definition):
        return False
    paths = {item.path, *snapshot.configurations_mentioning([item.name])}
    others = [
        other for path in sorted(paths) for other in snapshot.onnx_classes(path) if other.definition != item.definition
    ]
    if any(item.name in builds(other.definition) for other in others):
        return False
    is_base = any((item.path, item.name) in other.ancestors for other in others)
    return not (is_base and not snapshot.model_types(item.path))
