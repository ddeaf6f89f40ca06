"""Defects in the OnnxConfig: a class derived from the right one, used for exporting and for validating."""

from __future__ import annotations

from typing import Any

from support.wrong_exports.types import Defect, InConfiguration


def _inputs(change: Any) -> Any:
    def derived(right: type) -> type:
        inputs = property(lambda self: change(dict(super(wrong, self).inputs)))
        wrong = type(f"Wrong{right.__name__}", (right,), {"inputs": inputs})
        return wrong

    return derived


def _outputs(change: Any) -> Any:
    def derived(right: type) -> type:
        outputs = property(lambda self: change(dict(super(wrong, self).outputs)))
        wrong = type(f"Wrong{right.__name__}", (right,), {"outputs": outputs})
        return wrong

    return derived


def _flattening(change: Any) -> Any:
    """`change` gets the layers and gives the layers that are named."""

    def derived(right: type) -> type:
        def flatten(self: Any, name: str, field: Any) -> Any:
            layers = list(field)
            return super(wrong, self).flatten_output_collection_property(
                name, change(layers) if name == "present" else layers
            )

        wrong = type(f"Wrong{right.__name__}", (right,), {"flatten_output_collection_property": flatten})
        return wrong

    return derived


def _renamed(outputs: dict[str, Any]) -> dict[str, Any]:
    return {"hidden_state" if name == "last_hidden_state" else name: axes for name, axes in outputs.items()}


def _with_unknown(inputs: dict[str, Any]) -> dict[str, Any]:
    return {**inputs, "langs": {0: "batch", 1: "sequence"}}


def _without_types(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: axes for name, axes in inputs.items() if name != "token_type_ids"}


def _without_last_present(outputs: dict[str, Any]) -> dict[str, Any]:
    return {name: axes for name, axes in outputs.items() if not name.startswith("present.1.")}


def _batch_alone(declared: dict[str, Any]) -> dict[str, Any]:
    return {name: {0: "batch"} for name in declared}


def _with_model_axis(outputs: dict[str, Any]) -> dict[str, Any]:
    return {name: {**axes, 2: "hidden"} for name, axes in outputs.items()}


DEFECTS = (
    Defect(
        "output-name-wrong",
        "declares an output that the model does not return",
        "bert-shallow",
        "export",
        InConfiguration(_outputs(_renamed)),
        says="does not return the declared outputs",
    ),
    Defect(
        "input-name-wrong",
        "declares an input that forward() does not take",
        "bert-shallow",
        "export",
        InConfiguration(_inputs(_with_unknown)),
        says="does not take",
    ),
    Defect(
        "token-types-forgotten",
        "does not declare the token_type_ids that the tokenizer makes",
        "bert-shallow",
        "effect",
        InConfiguration(_inputs(_without_types)),
        says="token_type_ids is made by the preprocessor, taken by forward()",
    ),
    Defect(
        "output-axis-forgotten",
        "declares the batch of the output alone",
        "bert-shallow",
        "axes",
        InConfiguration(_outputs(_batch_alone)),
        says="is not declared",
    ),
    Defect(
        "cache-layers-reversed",
        "names the layers of the cache from the last to the first",
        "gpt2-past",
        "past",
        InConfiguration(_flattening(lambda layers: layers[::-1])),
    ),
    Defect(
        "key-and-value-swapped",
        "names keys values and values keys",
        "gpt2-past",
        "past",
        InConfiguration(_flattening(lambda layers: [layer[::-1] for layer in layers])),
    ),
    Defect(
        "cache-not-returned",
        "does not declare the last layer of the cache among the outputs",
        "gpt2-past",
        "past",
        InConfiguration(_outputs(_without_last_present)),
    ),
)
