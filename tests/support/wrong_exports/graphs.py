"""Defects in the file: a good export, edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import onnx
from onnx import TensorProto, helper, numpy_helper
from support.wrong_exports.editing import first_node, put_after, put_before, reweigh, set_attribute, shape_of
from support.wrong_exports.types import Defect, InGraph
from transformers_export.onnx import inputs

if TYPE_CHECKING:
    from pathlib import Path

    from support.wrong_exports.types import Spot

Model = onnx.ModelProto


# --- in a layer


def _epsilon(model: Model, spot: Spot) -> None:
    set_attribute(first_node(model, spot, "LayerNormalization"), "epsilon", 1e-3)


def _softmax_axis(model: Model, spot: Spot) -> None:
    set_attribute(first_node(model, spot, "Softmax"), "axis", 2)


def _other_activation(model: Model, spot: Spot) -> None:
    first_node(model, spot, "Erf").op_type = "Tanh"


def _bias_moved(model: Model, spot: Spot) -> None:
    reweigh(model, f"{spot.module}.bias", lambda bias: np.roll(bias, 1))


def _norm_weight_lost(model: Model, spot: Spot) -> None:
    reweigh(model, f"{spot.module}.weight", np.ones_like)


def _bias_in_half(model: Model, spot: Spot) -> None:
    reweigh(model, f"{spot.module}.bias", lambda bias: bias.astype(np.float16).astype(np.float32))


def _bias_nan(model: Model, spot: Spot) -> None:
    reweigh(model, f"{spot.module}.bias", lambda bias: np.where(np.arange(bias.size) == 3, np.nan, bias).astype("f4"))


# --- names, types and order


def _rename_output(model: Model, _: Spot) -> None:
    put_after(model, 0, "Identity")
    model.graph.node[-1].output[0] = model.graph.output[0].name = "state"


def _int32_ids(model: Model, _: Spot) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT32
    name = model.graph.input[0].name
    put_before(model, name, helper.make_node("Cast", [name], ["wide_ids"], to=TensorProto.INT64))


def _without_types(model: Model, _: Spot) -> None:
    """The graph makes token_type_ids itself, all zero, as it does where the model is not given any."""
    zero = numpy_helper.from_array(np.zeros((), dtype=np.int64), "no_type")
    put_before(model, "token_type_ids", helper.make_node("Mul", ["input_ids", "no_type"], ["made_types"]), zero)
    kept = [value for value in model.graph.input if value.name != "token_type_ids"]
    del model.graph.input[:]
    model.graph.input.extend(kept)


def _output_twice(model: Model, _: Spot) -> None:
    model.graph.output.append(model.graph.output[0])


def _copy_of_an_output(model: Model, _: Spot) -> None:
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(model.graph.output[0])
    copy.name = "last_hidden_state.1"
    model.graph.node.append(helper.make_node("Identity", [model.graph.output[0].name], [copy.name]))
    model.graph.output.append(copy)


def _outputs_reordered(model: Model, _: Spot) -> None:
    kept = list(model.graph.output)
    del model.graph.output[:]
    model.graph.output.extend(kept[::-1])


def _inputs_reordered(model: Model, _: Spot) -> None:
    kept = list(model.graph.input)
    del model.graph.input[:]
    model.graph.input.extend(kept[::-1])


def _present_left_out(model: Model, _: Spot) -> None:
    del model.graph.output[-1]


def _outputs_crossed(model: Model, _: Spot) -> None:
    """Each output holds what the other should."""
    first, second = (value.name for value in model.graph.output)
    put_after(model, 0, "Identity")
    put_after(model, 1, "Identity")
    model.graph.node[-2].input[0], model.graph.node[-1].input[0] = f"{second}_before", f"{first}_before"


def _output_in_double(model: Model, _: Spot) -> None:
    put_after(model, 0, "Cast", to=TensorProto.DOUBLE)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE


def _output_through_half(model: Model, _: Spot) -> None:
    put_after(model, 0, "Cast", to=TensorProto.FLOAT16)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT16


def _output_of_another_rank(model: Model, _: Spot) -> None:
    axis = numpy_helper.from_array(np.array([0], dtype=np.int64), "front")
    put_after(model, 0, "Unsqueeze", axis)
    output = model.graph.output[0]
    dims = [dim.dim_param or dim.dim_value for dim in shape_of(output).dim]
    output.CopyFrom(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, [1, *dims]))


# --- axes


def _name_lost(model: Model, _: Spot) -> None:
    shape_of(model.graph.input[0]).dim[1].dim_param = "s70"


def _axis_fixed(model: Model, _: Spot) -> None:
    for value in model.graph.input:
        shape_of(value).dim[1].dim_value = 8


def _axis_opened(model: Model, _: Spot) -> None:
    shape_of(model.graph.output[0]).dim[2].dim_param = "hidden"


def _two_lengths_one_name(model: Model, _: Spot) -> None:
    for value in model.graph.input:
        if value.name.startswith("past_key_values."):
            shape_of(value).dim[2].dim_param = "sequence"


def _length_baked(model: Model, _: Spot) -> None:
    shape = numpy_helper.from_array(np.array([inputs.TRACED.batch, inputs.TRACED.sequence], dtype=np.int64), "baked")
    put_before(model, "input_ids", helper.make_node("Reshape", ["input_ids", "baked"], ["baked_ids"]), shape)


def _cut_at_the_traced_past(model: Model, _: Spot) -> None:
    """The first layer reads the newest ten positions of its past, as many as were traced."""
    numbers = {"newest": [-10], "end": [2**31 - 1], "length": [2]}
    constants = [numpy_helper.from_array(np.array(n, dtype=np.int64), name) for name, n in numbers.items()]
    name = "past_key_values.0.key"
    put_before(model, name, helper.make_node("Slice", [name, "newest", "end", "length"], ["newest_keys"]), *constants)


# --- what a graph does not read


def _mask_unread(model: Model, _: Spot) -> None:
    """The graph makes a mask of ones itself."""
    one = numpy_helper.from_array(np.ones((), dtype=np.int64), "seen")
    put_before(model, "attention_mask", helper.make_node("Pow", ["seen", "input_ids"], ["everything"]), one)


def _all_zero(model: Model, _: Spot) -> None:
    put_after(model, 0, "Mul", numpy_helper.from_array(np.zeros((), dtype=np.float32), "nought"))


def _nearly_right(model: Model, _: Spot) -> None:
    put_after(model, 0, "Mul", numpy_helper.from_array(np.array(1.001, dtype=np.float32), "nearly_one"))


# --- the file


def _lower_opset(model: Model, _: Spot) -> None:
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx"):
            opset.version = 17


def _unknown_operator(model: Model, _: Spot) -> None:
    model.graph.node[0].op_type = "NoSuchOperator"


def _wrong_type_inside(model: Model, _: Spot) -> None:
    """ONNX Runtime loads it; shape inference says that two nodes do not fit."""
    value = helper.make_tensor_value_info(model.graph.node[-1].input[0], TensorProto.INT64, ["batch"])
    model.graph.value_info.append(value)


def _nothing(_: Model, __: Spot) -> None:
    pass


def _cut_data(path: Path) -> None:
    data = path.with_name(f"{path.name}.data")
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])


def _stale_data(path: Path) -> None:
    with path.with_name(f"{path.name}.data").open("ab") as data:
        data.write(bytes(200_000))


def _remove_data(path: Path) -> None:
    path.with_name(f"{path.name}.data").unlink()


def _other_data(path: Path) -> None:
    """Data of another training run: as long, other weights."""
    data = path.with_name(f"{path.name}.data")
    stored = bytearray(data.read_bytes())
    for tensor in onnx.load(path, load_external_data=False).graph.initializer:
        place = {entry.key: int(entry.value) for entry in tensor.external_data if entry.key in ("offset", "length")}
        if place and tensor.data_type == onnx.TensorProto.FLOAT:
            where = slice(place["offset"], place["offset"] + place["length"])
            stored[where] = (np.frombuffer(stored[where], dtype=np.float32) * np.float32(0.99)).tobytes()
    data.write_bytes(stored)


LAYER_NORM = ("encoder.layer.{layer}.output.LayerNorm",)

DEFECTS = (
    Defect("graph-epsilon-1e-3", "a layer norm's epsilon is 1e-3", "bert", "values", InGraph(_epsilon), LAYER_NORM),
    Defect(
        "softmax-axis",
        "one softmax runs over the queries",
        "bert",
        "values",
        InGraph(_softmax_axis),
        ("encoder.layer.{layer}.attention.self",),
    ),
    Defect(
        "activation-replaced",
        "one gelu has Tanh in place of Erf",
        "bert",
        "values",
        InGraph(_other_activation),
        ("encoder.layer.{layer}.intermediate.intermediate_act_fn",),
    ),
    Defect(
        "bias-moved",
        "the bias of one linear layer is shifted by a place",
        "bert",
        "values",
        InGraph(_bias_moved),
        ("encoder.layer.{layer}.attention.self.value",),
    ),
    Defect(
        "norm-weight-lost",
        "the weight of one layer norm is all ones",
        "gpt2",
        "values",
        InGraph(_norm_weight_lost),
        ("transformer.h.{layer}.ln_2",),
    ),
    Defect(
        "bias-in-float16",
        "the bias of one linear layer went through float16",
        "bart",
        "values",
        InGraph(_bias_in_half),
        ("model.decoder.layers.{layer}.fc2",),
    ),
    Defect(
        "bias-nan",
        "the bias of one linear layer holds a NaN",
        "vit",
        "values",
        InGraph(_bias_nan),
        ("vit.layers.{layer}.mlp.fc2", "vit.encoder.layer.{layer}.output.dense"),
        says="output holds NaN",
    ),
    Defect(
        "output-renamed", "an output has another name than declared", "bert-shallow", "names", InGraph(_rename_output)
    ),
    Defect("int32-ids", "input_ids are int32", "bert-shallow", "types", InGraph(_int32_ids), says="int32"),
    Defect(
        "token-type-ids-missing",
        "the graph makes token_type_ids itself",
        "bert-shallow",
        "names",
        InGraph(_without_types),
        says="declared and not in the graph: token_type_ids",
    ),
    Defect("output-twice", "an output is listed twice", "bert-shallow", "names", InGraph(_output_twice)),
    Defect(
        "output-copied",
        "an output is there once more under another name",
        "bert-shallow",
        "names",
        InGraph(_copy_of_an_output),
    ),
    Defect(
        "outputs-reordered", "the outputs are in another order", "bert-answers", "names", InGraph(_outputs_reordered)
    ),
    Defect("inputs-reordered", "the inputs are in another order", "bert-shallow", "names", InGraph(_inputs_reordered)),
    Defect(
        "present-left-out", "the last present value is not an output", "gpt2-past", "names", InGraph(_present_left_out)
    ),
    Defect(
        "outputs-crossed", "start_logits are called end_logits", "bert-answers", "values", InGraph(_outputs_crossed)
    ),
    Defect("output-in-float64", "the output is float64", "bert-shallow", "types", InGraph(_output_in_double)),
    Defect("output-in-float16", "the output is float16", "bert-shallow", "types", InGraph(_output_through_half)),
    Defect("output-of-another-rank", "the output has one axis more", "vit", "types", InGraph(_output_of_another_rank)),
    Defect(
        "axis-name-lost",
        "an axis has a name of the exporter's",
        "bert-shallow",
        "axes",
        InGraph(_name_lost),
        says="named 's70'",
    ),
    Defect(
        "axis-frozen",
        "the inputs say that their length is 8",
        "bert-shallow",
        "axes",
        InGraph(_axis_fixed),
        says="frozen at 8",
    ),
    Defect(
        "axis-not-declared",
        "an axis varies that is not declared to",
        "bert-shallow",
        "axes",
        InGraph(_axis_opened),
        says="is not declared",
    ),
    Defect(
        "one-name-two-lengths",
        "the past's length is called sequence",
        "gpt2-past",
        "axes",
        InGraph(_two_lengths_one_name),
    ),
    Defect(
        "length-baked",
        "the inputs vary, and the graph reshapes them to the size that was traced",
        "bert-shallow",
        "axes",
        InGraph(_length_baked),
        says="is frozen at",
    ),
    Defect(
        "past-cut", "one layer reads as much past as was traced", "gpt2-past", "axes", InGraph(_cut_at_the_traced_past)
    ),
    Defect(
        "mask-unread",
        "the graph does not read attention_mask",
        "bert-shallow",
        "effect",
        InGraph(_mask_unread),
        says="does not use attention_mask",
    ),
    Defect("all-zero", "the output is zero", "vit", "values", InGraph(_all_zero)),
    Defect("nearly-right", "the output is a thousandth too large", "vit", "values", InGraph(_nearly_right)),
    Defect(
        "opset-lowered",
        "the file says opset 17",
        "bert-shallow",
        "checker",
        InGraph(_lower_opset),
        says="opset 18 was asked for",
    ),
    Defect(
        "unknown-operator", "an operator that does not exist", "bert-shallow", "checker", InGraph(_unknown_operator)
    ),
    Defect(
        "external-data-truncated",
        "the weights beside the file are cut in half",
        "bert-shallow",
        "data",
        InGraph(_nothing, external=True, files=_cut_data),
        says="past its end",
    ),
    Defect(
        "external-data-stale",
        "the weights beside the file end in those of an older file",
        "bert-shallow",
        "data",
        InGraph(_nothing, external=True, files=_stale_data),
        says="no tensor refers to",
    ),
    Defect(
        "external-data-missing",
        "the weights beside the file are missing",
        "bert-shallow",
        "data",
        InGraph(_nothing, external=True, files=_remove_data),
        says="is missing",
    ),
    Defect(
        "external-data-of-another-run",
        "the weights beside the file are those of another run",
        "bert-shallow",
        "values",
        InGraph(_nothing, external=True, files=_other_data),
    ),
)
