"""Inputs that the preprocessor makes, `forward()` takes, and the configuration forgets although they matter."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING

from transformers_export.onnx.flat import FlatModel
from transformers_export.onnx.foreign import Redeclared
from transformers_export.onnx.inputs import Sizes
from transformers_export.onnx.lengths import uses_past
from transformers_export.onnx.validation.runs import EFFECT
from transformers_export.onnx.validation.values import difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from transformers_export.onnx.validation.runs import Subject

_SIZES = Sizes(batch=3, sequence=9, choices=3)
_USUAL = {"token_type_ids": 0, "attention_mask": 1}
"""What the model takes where nobody gives it another."""


def forgotten_inputs(subject: Subject) -> list[str]:
    """A sentence for each.

    With past nothing is asked, as the same model without past answers it; nor beside an encoder's states, where the
    tokens are generated and no tokenizer says anything of them.
    """
    inputs = subject.config.inputs
    if uses_past(subject.config) or "input_ids" not in inputs or "encoder_hidden_states" in inputs:
        return []
    return [
        f"{name} is made by the preprocessor, taken by forward() and moves an output, and the configuration does not "
        f"declare it: the graph computes as if it were {_USUAL[name]} everywhere. Declare it, or say why not in its "
        "`left_out`"
        for name in _candidates(subject)
        if _matters(subject, name)
    ]


def _candidates(subject: Subject) -> Iterator[str]:
    taken = inspect.signature(subject.flat.model.forward).parameters
    left_out = getattr(subject.config, "left_out", {})  # classes of transformers.onnx have no such table
    for name in _USUAL:
        # Without a table of their own, types are looked up among the tokens: a graph without them is as it was meant.
        types = int(getattr(subject.config._config, "type_vocab_size", 0) or 0)
        made = name in subject.undeclared and _is_made_by(subject.config._config.model_type, name)
        if made and name in taken and name not in left_out and (name != "token_type_ids" or types > 1):
            yield name


def _is_made_by(model_type: str, name: str) -> bool:
    """Whether the architecture's own tokenizer makes this; another may stand in for it. True where it is not known."""
    import transformers
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    classes = TOKENIZER_MAPPING_NAMES.get(model_type)
    for each in classes if isinstance(classes, (list, tuple)) else [classes]:
        made = getattr(getattr(transformers, str(each), None), "model_input_names", None)
        if isinstance(made, list):
            return name in made
    return True


def _matters(subject: Subject, name: str) -> bool:
    """Whether an output moves between the usual values and others."""
    config = subject.config
    declared = Redeclared(config, {**config.inputs, name: config.inputs["input_ids"]}, config.outputs)
    wider = replace(
        subject,
        config=declared,
        flat=FlatModel(subject.flat.model, declared).eval(),
        template={**subject.template, name: subject.undeclared[name]},
    )
    drawn = wider.draw(_SIZES, EFFECT)
    usual = drawn[name].new_full(drawn[name].shape, _USUAL[name])
    other = usual.clone()
    other[..., 1 : 1 + max(1, usual.shape[-1] // 2)] = 1 - _USUAL[name]
    one, another = _outputs(wider, {**drawn, name: usual}), _outputs(wider, {**drawn, name: other})
    shares = [difference(a.numpy(), b.numpy(), subject.atol)[1] for a, b in zip(one, another, strict=True)]
    return any(share > 1 for share in shares)


def _outputs(subject: Subject, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
    outputs: tuple[Tensor, ...] = subject.flat(*(inputs[name] for name in subject.flat.input_names))
    return outputs
