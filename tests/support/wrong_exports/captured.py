"""Defects in one module at a layer: the graph computes something else from there on. The located module must be it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from support.wrong_exports.types import Defect, WhileCaptured

if TYPE_CHECKING:
    from torch import Tensor

Original = Any


def _skipped(_: Any, original: Original, hidden: Tensor, *given: Any, **named: Any) -> Any:
    result = original(hidden, *given, **named)
    return (hidden, *result[1:]) if isinstance(result, tuple) else hidden


def _looser(norm: Any, _: Original, hidden: Tensor) -> Tensor:
    return functional.layer_norm(hidden, norm.normalized_shape, norm.weight, norm.bias, 1e-3)


def _looser_rms(norm: Any, original: Original, hidden: Tensor) -> Tensor:
    kept, norm.variance_epsilon = norm.variance_epsilon, 1e-3
    try:
        return original(hidden)
    finally:
        norm.variance_epsilon = kept


def _unmasked(_: Any, original: Original, *given: Any, **named: Any) -> Any:
    """Attention that does not see its mask, wherever it is given."""
    kept = {name: None if _is_mask(each) else each for name, each in named.items()}
    return original(*[None if _is_mask(each) else each for each in given], **kept)


def _unguarded(_: Any, original: Original, *given: Any, **named: Any) -> Any:
    """Attention with minus infinity where nothing is to be seen: a softmax over nothing else is NaN."""
    kept = {name: _minus_infinity(each) if _is_mask(each) else each for name, each in named.items()}
    return original(*[_minus_infinity(each) if _is_mask(each) else each for each in given], **kept)


def _minus_infinity(mask: Tensor) -> Tensor:
    seen = mask if mask.dtype == torch.bool else mask == 0
    return torch.where(seen, 0.0, -torch.inf)


def _seeing_ahead(_: Any, original: Original, *given: Any, attention_mask: Tensor, **named: Any) -> Any:
    everything = torch.ones_like if attention_mask.dtype == torch.bool else torch.zeros_like
    return original(*given, attention_mask=everything(attention_mask), **named)


def _is_mask(given: Any) -> bool:
    return isinstance(given, torch.Tensor) and given.ndim == 4


def _without_bias(layer: Any, original: Original, hidden: Tensor) -> Tensor:
    return original(hidden) - layer.bias


def _rounded(layer: Any, original: Original, hidden: Tensor) -> Tensor:
    return functional.linear(hidden, layer.weight.bfloat16().float(), layer.bias)


def _other_gelu(_: Any, __: Original, hidden: Tensor) -> Tensor:
    return functional.gelu(hidden, approximate="tanh")


def _unscaled(attention: Any, original: Original, *given: Any, **named: Any) -> Any:
    kept, attention.scaling = attention.scaling, 1.0
    try:
        return original(*given, **named)
    finally:
        attention.scaling = kept


def _quarter_turn_lost(_: Any, original: Original, *given: Any, position_embeddings: Any = None, **named: Any) -> Any:
    cosine, sine = position_embeddings
    return original(*given, position_embeddings=(sine, cosine), **named)


def _without_residual(_: Any, original: Original, hidden: Tensor, *given: Any, **named: Any) -> Any:
    result = original(hidden, *given, **named)
    return (result[0] - hidden, *result[1:]) if isinstance(result, tuple) else result - hidden


def _without_position_bias(attention: Any, original: Original, *given: Any, **named: Any) -> Any:
    if named.get("position_bias") is not None:
        return original(*given, **{**named, "position_bias": torch.zeros_like(named["position_bias"])})
    # The first layer works them out, and hands them on.
    compute, attention.compute_bias = attention.compute_bias, lambda *a, **n: torch.zeros_like(compute(*a, **n))
    try:
        return original(*given, **named)
    finally:
        attention.compute_bias = compute


def _overflowing(_: Any, original: Original, hidden: Tensor, *given: Any, **named: Any) -> Any:
    return original((hidden * 1e6).half().float() / 1e6, *given, **named)


def _unnormalised(_: Any, __: Original, hidden: Tensor) -> Tensor:
    return hidden


def _swapped(layer: Any, original: Original, hidden: Tensor) -> Tensor:
    half = hidden.shape[-1] // 2
    return original(torch.cat([hidden[..., half:], hidden[..., :half]], dim=-1))


VIT_LAYER = ("vit.layers.{layer}", "vit.encoder.layer.{layer}")
VIT_FC1 = ("vit.layers.{layer}.mlp.fc1", "vit.encoder.layer.{layer}.intermediate.dense")

DEFECTS = (
    Defect(
        "layer-dropped",
        "one layer gives back what it was given",
        "bert",
        "values",
        WhileCaptured(_skipped),
        ("encoder.layer.{layer}",),
    ),
    Defect(
        "epsilon-1e-3",
        "a layer norm adds 1e-3 in place of 1e-12",
        "bert",
        "values",
        WhileCaptured(_looser),
        ("encoder.layer.{layer}.output.LayerNorm",),
    ),
    Defect(
        "rms-epsilon-1e-3",
        "an RMS norm adds 1e-3 in place of 1e-6",
        "llama-past",
        "values",
        WhileCaptured(_looser_rms),
        ("model.layers.{layer}.input_layernorm",),
    ),
    Defect(
        "mask-ignored-in-a-layer",
        "one attention does not see the mask",
        "bert",
        "values",
        WhileCaptured(_unmasked),
        ("encoder.layer.{layer}.attention.self",),
    ),
    *(
        Defect(
            f"empty-row-nan-{model}",
            "a row that is all padding gives NaN",
            model,
            "values",
            WhileCaptured(_unguarded),
            (module,),
            ("legacy",),
            elsewhere="torch.export guards attention over nothing",
            says="one row all padding",
        )
        for model, module in (
            ("bert", "encoder.layer.{layer}.attention.self"),
            ("bart", "model.decoder.layers.{layer}.encoder_attn"),
        )
    ),
    Defect(
        "gelu-approximated",
        "one activation is the tanh form of gelu",
        "bert",
        "values",
        WhileCaptured(_other_gelu),
        ("encoder.layer.{layer}.intermediate.intermediate_act_fn",),
    ),
    Defect(
        "bias-lost",
        "a linear layer adds no bias",
        "gpt2",
        "values",
        WhileCaptured(_without_bias),
        ("transformer.h.{layer}.mlp.c_fc",),
    ),
    Defect(
        "norm-lost",
        "a layer norm does nothing",
        "gpt2",
        "values",
        WhileCaptured(_unnormalised),
        ("transformer.h.{layer}.ln_2",),
    ),
    Defect(
        "scale-lost",
        "attention scores are not divided by the root of the head's size",
        "llama-past",
        "values",
        WhileCaptured(_unscaled),
        ("model.layers.{layer}.self_attn",),
    ),
    Defect(
        "rotary-swapped",
        "sine and cosine of the rotary positions are swapped",
        "llama-past",
        "values",
        WhileCaptured(_quarter_turn_lost),
        ("model.layers.{layer}.self_attn",),
    ),
    Defect(
        "weights-rounded",
        "a linear layer computes with weights rounded to bfloat16",
        "llama-past",
        "values",
        WhileCaptured(_rounded),
        ("model.layers.{layer}.mlp.down_proj",),
    ),
    Defect(
        "float16-overflow",
        "a feed-forward layer passes through float16 and overflows",
        "t5",
        "values",
        WhileCaptured(_overflowing),
        ("encoder.block.{layer}.layer.1.DenseReluDense.wi",),
        says="output holds NaN",
    ),
    Defect(
        "position-bias-lost",
        "one attention gets no relative positions",
        "t5",
        "values",
        WhileCaptured(_without_position_bias),
        ("encoder.block.{layer}.layer.0.SelfAttention",),
    ),
    Defect(
        "cross-mask-ignored",
        "one cross-attention does not see the encoder's mask",
        "bart",
        "values",
        WhileCaptured(_unmasked),
        ("model.decoder.layers.{layer}.encoder_attn",),
    ),
    Defect(
        "causal-mask-lost",
        "one attention of the decoder sees the tokens to come",
        "bart",
        "values",
        WhileCaptured(_seeing_ahead),
        ("model.decoder.layers.{layer}.self_attn",),
    ),
    Defect(
        "residual-lost",
        "one layer does not add what it was given",
        "vit",
        "values",
        WhileCaptured(_without_residual),
        VIT_LAYER,
    ),
    Defect(
        "halves-swapped",
        "a linear layer gets the halves of its input swapped",
        "vit",
        "values",
        WhileCaptured(_swapped),
        VIT_FC1,
    ),
)
