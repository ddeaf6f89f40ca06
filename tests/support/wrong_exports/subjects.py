"""The small models that defects are planted in, with at least four layers where a defect is in one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support import long_texts
from support.traced import Small, small
from support.wrong_exports.types import LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping

OPSET = 18


@dataclass(frozen=True)
class Subject:
    """One registered pair, and the fields of its configuration that say how deep it is."""

    model_type: str
    feature: str
    depth: Mapping[str, int] = field(default_factory=dict)

    def build(self) -> Small:
        """Build the model, its preprocessor and its OnnxConfig."""
        return small(self.model_type, self.feature, **self.depth)


@dataclass(frozen=True)
class LongText(Subject):
    """One that computes something else beyond a length."""

    name: str = ""
    """A key of `long_texts.WRONG`."""

    def build(self) -> Small:
        """Build the right model, its preprocessor and its OnnxConfig."""
        return long_texts.right(self.name, self.feature)


_DEEP = {"num_hidden_layers": LAYERS}

SUBJECTS: dict[str, Subject] = {
    # Deep ones, for defects in a layer. The side without the defect is as short as can be.
    "bert": Subject("bert", "default", _DEEP),
    "gpt2": Subject("gpt2", "causal-lm", {"n_layer": LAYERS}),
    "llama-past": Subject("llama", "causal-lm-with-past", _DEEP),
    "t5": Subject("t5", "seq2seq-lm", {"num_layers": LAYERS, "num_decoder_layers": 1}),
    "bart": Subject("bart", "seq2seq-lm", {"encoder_layers": 1, "decoder_layers": LAYERS}),
    "vit": Subject("vit", "image-classification", _DEEP),
    # Shallow ones, for defects that are in no layer.
    "bert-shallow": Subject("bert", "default", {"num_hidden_layers": 1}),
    "bert-answers": Subject("bert", "question-answering", {"num_hidden_layers": 1}),
    "gpt2-shallow": Subject("gpt2", "causal-lm", {"n_layer": 1}),
    "gpt2-past": Subject("gpt2", "causal-lm-with-past", {"n_layer": 2}),
    "t5-past": Subject("t5", "seq2seq-lm-with-past", {"num_layers": 1, "num_decoder_layers": 1}),
    **{name: LongText(model_type, "causal-lm", name=name) for name, (model_type, *_) in long_texts.WRONG.items()},
}
