"""Check `checker`: the file is valid ONNX, ONNX Runtime loads it, and its opset is the asked one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.onnx.graph import opset_of
from transformers_export.onnx.validation.types import Check

if TYPE_CHECKING:
    from transformers_export.onnx.validation.material import GraphFile


def check_file(file: GraphFile) -> Check:
    """Hold the file against the standard, ONNX Runtime and the opset that was asked for."""
    import onnx
    from transformers_export.onnx import files

    if file.load_error:
        return Check("checker", "failed", f"ONNX Runtime cannot load the file: {file.load_error}")
    try:
        onnx.checker.check_model(files.checkable(file.path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        return Check("checker", "failed", f"onnx.checker: {str(error).strip().splitlines()[0]}")
    written = opset_of(file.graph)
    if written != file.opset:
        return Check("checker", "failed", f"opset {file.opset} was asked for, the file has {written}")
    if file.instead:
        return Check("checker", "advice", f"opset {written}; {file.instead}")
    return Check("checker", "passed", f"opset {written}")
