"""Where two records of one computation part, decided on records made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from transformers_export.onnx.locating.decide import Match, milestones, operators_for, origin, outermost_absent
from transformers_export.onnx.locating.types import Call, GraphValue, Op, Trace

ARRAY = np.arange(3.0)


def op(name: str, module: str, inputs: tuple[int, ...], output: int) -> Op:
    return Op(f"aten.{name}.default", module, "m.py", 1, inputs, (output,))


def held(module: str, *readers: str, output: bool = False) -> Match:
    return Match((GraphValue("v", ARRAY, "/n", "Add", module, readers, output),), trivial=False, measured=True)


MISSING = Match((), trivial=False, measured=True)
UNMEASURED = Match((), trivial=False, measured=False)


def trace(*ops: Op, calls: tuple[Call, ...] = ()) -> Trace:
    return Trace([ARRAY] * (max(place for one in ops for place in one.outputs) + 1), list(ops), list(calls))


CHAIN = (op("mm", "a", (0,), 1), op("add", "b", (1,), 2), op("mul", "c", (2,), 3))


def test_it_begins_where_every_input_is_still_right():
    matches = [held("", "a"), held("a", "b"), MISSING, MISSING]
    found = origin(trace(*CHAIN), matches, [3])
    assert (found.op.name, found.module) == ("aten.add.default", "b")


def test_what_is_computed_rightly_of_a_value_confirms_it_although_the_graph_holds_another_form():
    """A mask is kept in another form; the attention that reads it is right, so the mask is."""
    ops = (op("sub", "root", (0,), 1), op("mm", "first", (1, 2), 3), op("mm", "second", (1, 3), 4))
    matches = [held(""), MISSING, held("x"), held("first", "second"), MISSING]
    assert origin(trace(*ops), matches, [4]).module == "second"


def test_a_part_that_is_right_says_nothing_of_the_whole():
    ops = (op("add", "a", (0,), 1), op("select", "b", (1,), 2), op("mul", "c", (1,), 3))
    matches = [held("", "a"), MISSING, held("b"), MISSING]
    assert origin(trace(*ops), matches, [3]).module == "a"


def test_another_layout_of_a_right_value_is_right():
    ops = (op("mm", "key", (0,), 1), op("transpose", "attention", (1,), 2), op("bmm", "attention", (2,), 3))
    matches = [held(""), held("key", "attention"), MISSING, MISSING]
    assert origin(trace(*ops), matches, [3]).op.name == "aten.bmm.default"


def test_a_module_that_does_something_to_a_right_value_before_returning_it_is_named():
    calls = (Call("mlp.down", "Linear", 0, 1, 1), Call("mlp", "MLP", 0, 1, 1))
    ops = (op("mm", "mlp.down", (0,), 1), op("add", "layer", (1,), 2))
    # In the graph the product leaves `mlp.down`, and is read inside `mlp` alone: there it is scaled.
    matches = [held("", "mlp.down"), held("mlp.down", "mlp"), MISSING]
    assert origin(trace(*ops, calls=calls), matches, [2]).module == "mlp"


def test_a_measured_difference_goes_before_one_that_cannot_be_measured():
    ops = (op("arange", "root", (), 1), op("add", "layer", (0, 2), 3), op("add", "head", (1, 3), 4))
    matches = [held(""), UNMEASURED, held(""), MISSING, MISSING]
    assert origin(trace(*ops), matches, [4]).module == "layer"


def test_an_output_that_no_operator_makes_has_no_origin():
    assert origin(trace(*CHAIN), [held(""), held("a", "b"), held("b", "c"), held("c", output=True)], [0]) is None


def test_the_outermost_module_of_which_nothing_is_left_is_named():
    present = ["embeddings", "layer.0.attention", "layer.2", None]
    assert outermost_absent("layer.1.attention.query", present) == "layer.1"
    assert outermost_absent("layer.0.attention", present) is None


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("aten.addmm.default", "Add"),
        ("aten._scaled_dot_product_flash_attention_for_cpu.default", "MatMul"),
        ("aten.native_layer_norm.default", "LayerNormalization"),
        ("aten.tanh.default", "Tanh"),
    ],
)
def test_the_operator_that_gives_the_same_is_known(name, type_):
    assert type_ in operators_for(name)


def test_the_deepest_level_that_fits_is_shown_and_the_located_module_always():
    calls = [Call(f"layer.{n}.{part}", "Part", 0, 1, 0) for n in range(9) for part in ("attention", "mlp")]
    calls += [Call(f"layer.{n}", "Layer", 0, 1, 0) for n in range(9)]
    shown = [call.module for call in milestones(calls, "layer.3.mlp", most=10)]
    assert shown == ["layer.3.mlp", *(f"layer.{n}" for n in range(9))]
    assert len(milestones(calls, "layer.3.mlp", most=18)) == 18
