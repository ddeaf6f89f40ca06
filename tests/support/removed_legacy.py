"""torch as it will be without its TorchScript-based exporter, in the ways in which it may go; runners for cases."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers_export.cases.types import Case
    from transformers_export.verdict.types import CaseResult

_OURS = ("transformers_export.onnx.exporters.legacy", "transformers_export.onnx.exporters.legacy_operators")


def refuse(monkeypatch: Any) -> None:
    """`torch.onnx.export` takes no `dynamo=False` any more."""
    export = torch.onnx.export

    def refusing(*arguments: Any, dynamo: bool = True, **options: Any) -> Any:
        if not dynamo:
            raise TypeError("export() got an unexpected keyword argument 'dynamo'")
        return export(*arguments, dynamo=True, **options)

    _forget(monkeypatch)
    monkeypatch.setattr(torch.onnx, "export", refusing)


def remove(monkeypatch: Any) -> None:
    """Its modules are gone."""
    _forget(monkeypatch)
    for opset in range(7, 21):
        monkeypatch.setitem(sys.modules, f"torch.onnx.symbolic_opset{opset}", None)
        monkeypatch.delattr(torch.onnx, f"symbolic_opset{opset}", raising=False)


def run_refused(case: Case) -> CaseResult:
    """Run a case in a process of its own, after `refuse`."""
    return _run(case, refuse)


def run_removed(case: Case) -> CaseResult:
    """Run a case in a process of its own, after `remove`."""
    return _run(case, remove)


def _run(case: Case, take_away: Any) -> CaseResult:
    import pytest

    from transformers_export.cases.run import run_case

    take_away(pytest.MonkeyPatch())  # never undone: the process ends with the case
    return run_case(case)


def _forget(monkeypatch: Any) -> None:
    """Let the exporter be looked for again, now and after the test."""
    from transformers_export.onnx import exporters

    monkeypatch.setattr(exporters, "_require_legacy", exporters._require_legacy.__wrapped__)
    for name in _OURS:
        monkeypatch.delitem(sys.modules, name, raising=False)
