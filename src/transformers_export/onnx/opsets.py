"""The highest opset that can be written and run here: the installed converter's and ONNX Runtime's word, not ours."""

from __future__ import annotations

from functools import cache
from importlib import import_module

DYNAMO_LOWEST = 18
LEGACY_HIGHEST = 20
"""torch's TorchScript-based exporter gets no new opsets."""
_DYNAMO_ALWAYS = 23
"""Every supported version of onnxscript and ONNX Runtime takes opsets up to this one."""


def highest(exporter: str, asked: int) -> int:
    """The highest opset of an exporter; nothing is imported where the asked one is taken by every version."""
    if exporter == "legacy":
        return LEGACY_HIGHEST
    return _DYNAMO_ALWAYS if DYNAMO_LOWEST <= asked <= _DYNAMO_ALWAYS else _highest_installed()


@cache
def _highest_installed() -> int:
    """The highest that onnxscript converts to and ONNX Runtime loads."""
    converter = import_module("onnxscript.version_converter._version_converter")
    written = int(getattr(converter, "SUPPORTED_MAX_ONNX_OPSET", _DYNAMO_ALWAYS))
    return next((opset for opset in range(written, _DYNAMO_ALWAYS, -1) if _loads(opset)), _DYNAMO_ALWAYS)


def _loads(opset: int) -> bool:
    import onnxruntime

    import onnx

    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    made = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "one", [value], [made])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception:  # ONNX Runtime's own, of several types
        return False
    return True
