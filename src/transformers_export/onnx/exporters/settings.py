"""How torch is set while torch.export captures a graph and translates it.

Off is what costs time and changes nothing in the graph; constants that float32 cannot hold keep their type.

Everything is set back afterwards, and each setting is left alone where this torch has none of its name.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.exporters.arithmetic import arithmetic_remembered
from transformers_export.onnx.exporters.wide_constants import typed_by_value

if TYPE_CHECKING:
    from collections.abc import Iterator

_TORCHLIB: dict[int, Any] = {}
"""torch's registry of translations by opset, as torch built it; never changed, only copied."""


@contextlib.contextmanager
def set_for_export(*, shapes_recur: bool) -> Iterator[None]:
    """Set torch for one capture: no stack trace on every node, no second registry, lengths computed once.

    Args:
        shapes_recur: Whether operators meet the same shapes again, as where the batch alone varies. Where they seldom
            do, torch's cache of what operators return is off: what it keeps, it computes twice.
    """
    import torch._dynamo.config
    import torch.fx.config

    with (
        _set(torch.fx.config, "do_not_emit_stack_traces", True),
        _set(torch._dynamo.config, "fake_tensor_cache_enabled", shapes_recur),
        torchlib_built_once(),
        arithmetic_remembered(),
        constants_kept_wide(),
    ):
        yield


@contextlib.contextmanager
def torchlib_built_once() -> Iterator[None]:
    """Give every export a copy of one registry of translations; torch builds it anew each time, in 0.3 s."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    original = vars(ONNXRegistry).get("from_torchlib")
    if not isinstance(original, classmethod) or set(vars(ONNXRegistry())) != {"_opset_version", "functions"}:
        yield  # not the registry that we know how to copy
        return
    build, default = ONNXRegistry.from_torchlib, ONNXRegistry().opset_version

    def copied(opset_version: int = default) -> Any:
        if opset_version not in _TORCHLIB:
            _TORCHLIB[opset_version] = build(opset_version=opset_version)
        kept, copy = _TORCHLIB[opset_version], ONNXRegistry()
        copy._opset_version = kept.opset_version
        copy.functions = {target: list(translations) for target, translations in kept.functions.items()}
        return copy

    with _set(ONNXRegistry, "from_torchlib", staticmethod(copied), before=original):
        yield


@contextlib.contextmanager
def constants_kept_wide() -> Iterator[None]:
    """Write constants that float32 would make infinite or zero as float64; see `wide_constants.py`."""
    from torch.onnx._internal.exporter import _building

    name = "_determine_input_dtype"
    determine = getattr(_building, name, None)
    if determine is None:
        yield
        return
    with _set(_building, name, typed_by_value(determine)):
        yield


@contextlib.contextmanager
def _set(owner: Any, name: str, value: object, before: object = None) -> Iterator[None]:
    """Set an attribute that is there, and set it back; to `before` where reading it gives something else."""
    if not hasattr(owner, name):
        yield
        return
    before = getattr(owner, name) if before is None else before
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
