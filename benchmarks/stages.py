"""Where the time of one export goes, by stage: a sample of the stack every few milliseconds of CPU time."""

from __future__ import annotations

import contextlib
import signal
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

STAGES = {
    "torch.export": ("torch/export/__init__.py", "export"),
    "decompositions": ("torch/onnx/_internal/exporter/_core.py", "_prepare_exported_program_for_export"),
    "translation": ("torch/onnx/_internal/exporter/_core.py", "_exported_program_to_onnx_program"),
    "optimizing": ("torch/onnx/_internal/exporter/_onnx_program.py", "optimize"),
    "the rest of the exporter": ("transformers_export/onnx/exporters/dynamo.py", "capture"),
    "names, axes, file": ("transformers_export/onnx/convert.py", "export"),
    "validation": ("transformers_export/onnx/validation/validate.py", "validate"),
    "the small model": ("transformers_export/cases/run.py", "_small"),
}
"""The function that a stage is the time of."""
OTHER = "other"
_EVERY = 0.005


@contextlib.contextmanager
def sampled() -> Iterator[Counter[str]]:
    """Count samples by stage; the innermost function that is one says which."""
    counted: Counter[str] = Counter()

    def look(_: int, frame: FrameType | None) -> None:
        counted[_stage(frame)] += 1

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    try:
        yield counted
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _stage(frame: FrameType | None) -> str:
    while frame is not None:
        code = frame.f_code
        for stage, (path, name) in STAGES.items():
            if code.co_name == name and code.co_filename.endswith(path):
                return stage
        frame = frame.f_back
    return OTHER
