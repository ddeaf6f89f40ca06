"""Check 1: the file is valid ONNX, ONNX Runtime loads it, and its opset is the asked one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx.validation.types import Check

if TYPE_CHECKING:
    from pathlib import Path


def check_file(path: Path, opset: int, load_error: str, graph: Any) -> Check:
    """Check the file.

    Args:
        path: The model file.
        opset: The opset that was asked for.
        load_error: What ONNX Runtime said when it could not load the file; empty where it could.
        graph: The file as an onnx_ir model.
    """
    import onnx
    from transformers_export.onnx.graph import opset_of

    if load_error:
        return Check("checker", "failed", f"ONNX Runtime cannot load the file: {load_error}")
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        return Check("checker", "failed", f"onnx.checker: {str(error).strip().splitlines()[0]}")
    written = opset_of(graph)
    if written != opset:
        return Check("checker", "failed", f"opset {opset} was asked for, the file has {written}")
    return Check("checker", "passed", f"opset {written}")
