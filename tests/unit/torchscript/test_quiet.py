"""Which warnings of torch.jit are known, which are kept as remarks, and which reach the caller."""

from __future__ import annotations

import warnings

import pytest
import torch

from transformers_export.torchscript.quiet import quiet


def test_the_deprecation_of_torch_jit_is_known():
    with quiet():
        module = torch.jit.trace(torch.nn.Identity(), (torch.zeros(1),))
    assert module(torch.ones(1)) == 1


def test_what_the_tracer_says_of_the_model_is_kept_once_with_its_line():
    class Looks(torch.nn.Module):
        def forward(self, tensor):
            for _ in range(2):
                length = int(tensor.sum())
            return tensor + length

    with quiet(tracing=True) as remarks:
        torch.jit.trace(Looks(), (torch.ones(2),), check_trace=False)
    (remark,) = remarks
    assert remark.startswith("test_quiet.py:")
    assert remark.endswith("Converting a tensor to a Python integer might cause the trace to be incorrect")


@pytest.mark.parametrize("tracing", [True, False])
def test_any_other_warning_reaches_the_caller(tracing):
    with pytest.warns(UserWarning, match="the model is odd"), quiet(tracing=tracing) as remarks:
        warnings.warn("the model is odd", UserWarning, stacklevel=1)
    assert remarks == []


def test_what_a_library_deprecates_is_silenced_only_while_tracing_reads_every_property():
    with quiet(tracing=True):
        warnings.warn("`old` is deprecated", FutureWarning, stacklevel=1)
    with pytest.warns(FutureWarning, match="old"), quiet():
        warnings.warn("`old` is deprecated", FutureWarning, stacklevel=1)


def test_what_the_tracer_said_is_kept_when_tracing_fails():
    kept: list[list[str]] = []

    def fail() -> None:
        with quiet() as remarks:
            kept.append(remarks)
            warnings.warn("tracer", torch.jit.TracerWarning, stacklevel=1)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert len(kept[0]) == 1
