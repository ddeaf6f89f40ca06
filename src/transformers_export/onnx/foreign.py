"""Files that another exporter wrote: what their names mean, and a declaration that fits them.

optimum's names are understood: a decoder of a sequence-to-sequence model whose `input_ids` are the decoder's and whose
`encoder_attention_mask` and `encoder_hidden_states` come from the encoder's file, position ids, other names of axes,
another order. What differs is said; whether the values are right does not depend on it.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from transformers_export.onnx.graph import symbolic_axes
from transformers_export.onnx.lengths import is_seq2seq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import onnx_ir
    from torch import nn

    Axes = Mapping[str, Mapping[int, str]]

BRANCH = "use_cache_branch"
"""What a merged decoder takes: a truth value that says whether it reads the past, or makes it from nothing."""
STATES = "encoder_hidden_states"
"""What a decoder's file takes from the encoder's."""
_DECODER = {"input_ids": "decoder_input_ids", "encoder_attention_mask": "attention_mask"}
"""Names in a file of a decoder alone, and what the whole model calls them."""
_LABELS = {
    "batch_size": "batch",
    "sequence_length": "sequence",
    "encoder_sequence_length": "encoder_sequence",
    "decoder_sequence_length": "decoder_sequence",
    "past_sequence_length": "past_sequence",
    "num_choices": "choice",
}
"""optimum's names of axes and ours, for what the configuration does not declare."""


class Redeclared:
    """A configuration with other inputs and outputs; all else is the original's."""

    def __init__(self, original: Any, inputs: Axes, outputs: Axes) -> None:
        self._original = original
        self.inputs = inputs
        self.outputs = outputs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    @property
    def use_past(self) -> bool:
        """Whether past key values are among the inputs."""
        return any(name.startswith("past_key_values.") for name in self.inputs)

    @property
    def values_override(self) -> dict[str, Any]:
        """The original's; a cache is made where one is given back."""
        present = any(name.startswith("present.") for name in self.outputs)
        return {**(self._original.values_override or {}), **({"use_cache": True} if present else {})}

    def generate_dummy_inputs(self, *args: Any, **options: Any) -> dict[str, Any]:
        """The original's, and what is declared beside them."""
        import torch

        made = dict(self._original.generate_dummy_inputs(*args, **options))
        ids = made.get("input_ids")
        if "position_ids" in self.inputs and ids is not None:
            made.setdefault("position_ids", torch.arange(ids.shape[-1]).expand(ids.shape).clone())
        if STATES in self.inputs and ids is not None:
            made[STATES] = torch.randn(*ids.shape, self._original._config.hidden_size)
        return made


@dataclass(frozen=True)
class Fitted:
    """A file in terms of ours."""

    config: Any
    """A declaration of what the file has."""
    model: nn.Module
    """What it computes: the model, or its encoder."""
    names: Mapping[str, str]
    """Every name of the file's inputs and outputs, and ours for it."""
    differences: tuple[str, ...]
    """A sentence each: what is called otherwise, what is missing, what is there beside."""


def fit(graph: onnx_ir.Graph, config: Any, model: Any) -> Fitted:
    """Find out what a file's inputs and outputs are, and declare them.

    Args:
        graph: The file's.
        config: The OnnxConfig that would export this model.
        model: The PyTorch model.
    """
    given = [value.name or "" for value in graph.inputs]
    made = [value.name or "" for value in graph.outputs]
    if _is_encoder(config, given, made):
        encoder = model.get_encoder()
        labels = {"last_hidden_state": config.inputs["input_ids"]}
        inputs = _declared(graph.inputs, {name: name for name in given}, config.inputs)
        view = Redeclared(config, inputs, _declared(graph.outputs, {name: name for name in made}, labels))
        names = {name: name for name in (*given, *made)}
        return Fitted(view, encoder, names, ("it is the encoder alone", *_relabelled(graph, names, view)))
    renamed = _decoder_names(config, given)
    known = _known_inputs(model, config)
    inputs_by_name = _paired(given, list(config.inputs), renamed, known)
    outputs_by_name = _paired(made, list(config.outputs), {}, {*config.outputs})
    declared = _declared(graph.inputs, inputs_by_name, config.inputs)
    if _needs_encoder_ids(config, declared):
        declared["input_ids"] = dict(config.inputs["input_ids"])
    view = Redeclared(config, declared, _declared(graph.outputs, outputs_by_name, config.outputs))
    names = {**inputs_by_name, **outputs_by_name}
    return Fitted(view, model, names, (*_differences(config, view, names), *_relabelled(graph, names, view)))


def adopt(graph: onnx_ir.Graph, fitted: Fitted) -> None:
    """Give a graph in memory the names and axis labels of the fitted declaration; its file stays as it is."""
    import onnx_ir

    for values, declared in ((graph.inputs, fitted.config.inputs), (graph.outputs, fitted.config.outputs)):
        for value in values:
            value.name = fitted.names[value.name or ""]
            labels = declared.get(value.name, {})
            if value.shape is not None:
                value.shape = onnx_ir.Shape(
                    [
                        onnx_ir.SymbolicDim(labels[axis]) if axis in labels and not isinstance(dim, int) else dim
                        for axis, dim in enumerate(value.shape)
                    ]
                )


def take_branch(graph: onnx_ir.Graph) -> tuple[str, ...]:
    """Take a merged decoder's choice out of the inputs of a graph in memory: `run_renamed` makes it.

    Returns:
        What is to be said of it; nothing where the file is not merged.
    """
    chosen = [value for value in graph.inputs if value.name == BRANCH]
    for value in chosen:
        graph.inputs.remove(value)
    said = f"merged decoder: {BRANCH} is false where the past is empty, true elsewhere, and both were run"
    return (said,) if chosen else ()


def run_renamed(
    graph: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]],
    names: Mapping[str, str],
    inputs: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Run a graph that has names of its own on inputs by ours.

    Args:
        graph: Arrays by its own names, in and out.
        names: Its names, and ours for each.
        inputs: Arrays by ours.
    """
    own = {name: inputs[ours] for name, ours in names.items() if ours in inputs}
    past = [array for name, array in inputs.items() if name.startswith("past_key_values.") and ".encoder." not in name]
    own[BRANCH] = np.array([any(array.size for array in past)])
    return {names[name]: array for name, array in graph(own).items()}


def feature_for(feature: str, known: Sequence[str], names: Iterable[str]) -> str:
    """The feature with past, or without, as the file's inputs have it; the one asked for where there is no other."""
    takes_past = any(name.startswith("past_key_values.") for name in names)
    bare = feature.removesuffix("-with-past")
    other = f"{bare}-with-past" if takes_past else bare
    return other if other in known else feature


def _is_encoder(config: Any, inputs: Sequence[str], outputs: Sequence[str]) -> bool:
    own = {"input_ids", "attention_mask"}
    return is_seq2seq(config) and set(inputs) <= own and list(outputs) == ["last_hidden_state"]


def _decoder_names(config: Any, inputs: Sequence[str]) -> dict[str, str]:
    """Names that mean something else in a decoder's file."""
    alone = is_seq2seq(config) and "decoder_input_ids" not in inputs
    return _DECODER if alone else {}


def _needs_encoder_ids(config: Any, declared: Axes) -> bool:
    """With a full cross-attention cache, a decoder's file takes nothing of the encoder, and the model wants its ids."""
    return is_seq2seq(config) and STATES not in declared and "input_ids" not in declared


def _known_inputs(model: nn.Module, config: Any) -> set[str]:
    parameters = inspect.signature(model.forward).parameters
    return {*config.inputs, *parameters, *([STATES] if is_seq2seq(config) else [])}


def _paired(
    names: Sequence[str], declared: Sequence[str], renamed: Mapping[str, str], known: set[str]
) -> dict[str, str]:
    """The file's names and ours: by meaning; by place where none of them is known and there are as many."""
    roots = _roots(known)
    if len(names) == len(declared) and not _roots(renamed.get(name, name) for name in names) & roots:
        return dict(zip(names, declared, strict=True))
    return {name: renamed.get(name, name) for name in names}


def _roots(names: Iterable[str]) -> set[str]:
    """What stands before a layer's number."""
    return {name.split(".")[0] for name in names}


def _declared(values: Iterable[onnx_ir.Value], names: Mapping[str, str], declared: Axes) -> dict[str, dict[int, str]]:
    """What is declared of these, and what the file lets vary beside."""
    axes: dict[str, dict[int, str]] = {}
    for value in values:
        name = names[value.name or ""]
        own = declared.get(name)
        varying = {axis: _LABELS.get(label, label) for axis, label in symbolic_axes(value).items()}
        axes[name] = {**varying, **own} if own is not None else _of_the_encoder(name, varying)
    # In our order: a layer's key comes before its value.
    return {name: axes[name] for name in [*(own for own in declared if own in axes), *axes]}


def _of_the_encoder(name: str, axes: dict[int, str]) -> dict[int, str]:
    """States are as long as the mask over them."""
    return {0: "batch", 1: "encoder_sequence"} if name == STATES else axes


def _differences(config: Any, view: Redeclared, names: Mapping[str, str]) -> list[str]:
    missing = [name for name in config.inputs if name not in names.values()]
    extra = [name for name in view.inputs if name not in config.inputs]
    lost = [name for name in config.outputs if name not in names.values()]
    more = [name for name in view.outputs if name not in config.outputs]
    said = {
        "called otherwise": [f"{other} ({name})" for other, name in names.items() if other != name],
        "inputs that ours has and it has not": missing,
        "inputs that it has and ours has not": extra,
        "outputs that ours has and it has not": lost,
        "outputs that it has and ours has not": more,
    }
    return [f"{what}: {_short(which)}" for what, which in said.items() if which]


def _relabelled(graph: onnx_ir.Graph, names: Mapping[str, str], view: Redeclared) -> list[str]:
    """Axes that are named otherwise, once a name."""
    declared = {**view.inputs, **view.outputs}
    found = {
        f"{label or 'no name'} ({own})": None
        for value in (*graph.inputs, *graph.outputs)
        for axis, label in symbolic_axes(value).items()
        if (own := declared[names[value.name or ""]].get(axis)) and own != label
    }
    return [f"axes named otherwise: {_short(list(found))}"] if found else []


def _short(names: Sequence[str]) -> str:
    """The first few, and how many there are more."""
    shown = list(names[:4])
    return ", ".join([*shown, *([f"{len(names) - len(shown)} more"] if len(names) > len(shown) else [])])
