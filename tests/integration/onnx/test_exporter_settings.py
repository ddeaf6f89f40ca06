"""What is off while the dynamo exporter captures changes nothing in the graph, and is set back afterwards."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch._dynamo.config
import torch.fx.config
from torch._dynamo.source import ConstantSource
from torch.fx.experimental.sym_node import SymNode
from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv
from torch.onnx._internal.exporter._registration import ONNXRegistry

from support.graphs import canonical
from transformers_export.onnx.exporters import arithmetic, dynamo, settings, warm

if TYPE_CHECKING:
    from collections.abc import Iterator

    import onnx_ir


@contextlib.contextmanager
def as_torch_is(*, shapes_recur: bool) -> Iterator[None]:
    """Stands in for `set_for_export`: sets nothing."""
    yield


def test_the_graph_is_what_torch_makes_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    captured = []
    monkeypatch.setattr(dynamo, "_drop_notes", lambda _: None)
    monkeypatch.setattr(warm, "find", lambda name: lambda *given: captured.append(dynamo.capture(*given)))
    for setting in (settings.set_for_export, as_torch_is):
        monkeypatch.setattr(dynamo, "set_for_export", setting)
        torch.manual_seed(0)
        warm.dynamo()
    ours, plain = captured
    assert canonical(ours) == canonical(plain)
    assert len(canonical(ours)) > 20
    assert not traces_of_the_model(ours)
    assert traces_of_the_model(plain)


def traces_of_the_model(model: onnx_ir.Model) -> list[str]:
    """Stack traces on nodes that lead into the model's code."""
    traces = (node.metadata_props.get("pkg.torch.onnx.stack_trace") or "" for node in model.graph)
    return [trace for trace in traces if "in forward" in trace]


@settings.set_for_export(shapes_recur=False)
def fail_in_an_export() -> None:
    """Fail where an export would."""
    assert torch.fx.config.do_not_emit_stack_traces
    raise ZeroDivisionError


def test_settings_are_set_back_after_an_error() -> None:
    before = (
        torch.fx.config.do_not_emit_stack_traces,
        torch._dynamo.config.fake_tensor_cache_enabled,
        vars(ONNXRegistry)["from_torchlib"],
    )
    with pytest.raises(ZeroDivisionError):
        fail_in_an_export()
    assert before == (
        torch.fx.config.do_not_emit_stack_traces,
        torch._dynamo.config.fake_tensor_cache_enabled,
        vars(ONNXRegistry)["from_torchlib"],
    )


def test_the_registry_is_built_once_and_what_one_export_adds_is_not_in_the_next() -> None:
    built = ONNXRegistry.from_torchlib(opset_version=18)
    with settings.torchlib_built_once():
        first, second = (ONNXRegistry.from_torchlib(opset_version=18) for _ in range(2))
        assert first.functions.keys() == built.functions.keys()
        target: Any = torch.ops.aten.add.Tensor
        assert first.get_decomps(target)[0] is second.get_decomps(target)[0]
        first.register_op(target, lambda left, right: left)
        assert len(first.get_decomps(target)) == len(second.get_decomps(target)) + 1
        assert ONNXRegistry.from_torchlib(opset_version=21).opset_version == 21


def test_a_registry_of_another_shape_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    start = ONNXRegistry.__init__

    def with_more(registry: Any) -> None:
        start(registry)
        registry.something_new = {}

    monkeypatch.setattr(ONNXRegistry, "__init__", with_more)
    torchs_own = vars(ONNXRegistry)["from_torchlib"]
    with settings.torchlib_built_once():
        assert vars(ONNXRegistry)["from_torchlib"] is torchs_own


def test_remembered_arithmetic_gives_what_torch_computes() -> None:
    environment = ShapeEnv()
    length, other = (
        environment.create_symintnode(
            environment.create_symbol(value, ConstantSource(name), dynamic_dim=DimDynamic.DYNAMIC), hint=value
        )
        for name, value in (("length", 7), ("other", 5))
    )

    def results() -> list[str]:
        made = (length * other, length + other - 3, length // 2, torch.sym_max(length, other), length == other)
        return [f"{one.node.expr} {one.node.hint} {one.node.pytype.__name__}" for one in made]

    plain, add = results(), SymNode._add
    with arithmetic.arithmetic_remembered():
        assert SymNode._add is not add
        assert results() == plain
        assert results() == plain
    assert SymNode._add is add


def test_a_torch_that_we_do_not_know_computes_everything_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "_KNOWN_VERSIONS", ("1.13.",))
    add = SymNode._add
    with arithmetic.arithmetic_remembered():
        assert SymNode._add is add


def test_warming_up_starts_no_thread() -> None:
    before = threading.active_count()
    warm.dynamo()
    warm.legacy()
    assert threading.active_count() == before
