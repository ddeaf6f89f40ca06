"""Invented model classes whose fields have names no library uses, and measures of how much an input matters."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel


class LatticeConfig(PretrainedConfig):
    """An encoder: every field has a name of its own, and one is worked out from two others."""

    model_type = "lattice"

    def __init__(self, lexicon=30011, breadth=768, storeys=12, prongs=12, reach=512, **kwargs):
        self.lexicon = lexicon
        self.breadth = breadth
        self.storeys = storeys
        self.prongs = prongs
        self.reach = reach
        if breadth % prongs:
            raise ValueError(f"prongs ({prongs}) must divide breadth ({breadth})")
        self.prong_breadth = breadth // prongs
        super().__init__(**kwargs)


class LatticeBlock(nn.Module):
    """Attention and a feed-forward layer."""

    def __init__(self, config):
        super().__init__()
        self.prongs, self.prong_breadth = config.prongs, config.prong_breadth
        self.query_key_value = nn.Linear(config.breadth, 3 * self.prongs * self.prong_breadth)
        self.out = nn.Linear(self.prongs * self.prong_breadth, config.breadth)
        self.norm = nn.LayerNorm(config.breadth)

    def forward(self, hidden, mask):
        batch, length, _ = hidden.shape
        parts = self.query_key_value(hidden).view(batch, length, self.prongs, 3 * self.prong_breadth)
        query, key, value = parts.transpose(1, 2).chunk(3, dim=-1)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.norm(hidden + self.out(mixed.transpose(1, 2).reshape(batch, length, -1)))


class LatticePreTrainedModel(PreTrainedModel):
    config_class = LatticeConfig
    base_model_prefix = "lattice"


class LatticeModel(LatticePreTrainedModel):
    """Tokens and a mask in, hidden states out."""

    block_class = LatticeBlock

    def __init__(self, config):
        super().__init__(config)
        self.tokens = nn.Embedding(config.lexicon, config.breadth)
        self.places = nn.Embedding(config.reach, config.breadth)
        self.blocks = nn.ModuleList([self.block_class(config) for _ in range(config.storeys)])
        self.post_init()

    def get_input_embeddings(self):
        return self.tokens

    def forward(self, input_ids, attention_mask=None):
        hidden = self.tokens(input_ids) + self.places(torch.arange(input_ids.shape[1]))
        mask = None if attention_mask is None else attention_mask[:, None, None, :].bool()
        for block in self.blocks:
            hidden = block(hidden, mask)
        return (hidden,)


class WeirConfig(PretrainedConfig):
    """Nested, with a kind for every tier: the list has to follow the count, and the flow the gates."""

    model_type = "weir"

    def __init__(self, basin=None, lexicon=5003, girth=512, tiers=10, tier_kinds=None, gates=8, **kwargs):
        self.basin = basin or {"soundings": 2048, "girth": girth}
        self.lexicon = lexicon
        self.girth = girth
        self.tiers = tiers
        self.tier_kinds = tier_kinds or ["still"] * (tiers - 1) + ["swift"]
        self.gates = gates
        if len(self.tier_kinds) != tiers:
            raise ValueError(f"tier_kinds has {len(self.tier_kinds)} entries, tiers is {tiers}")
        super().__init__(**kwargs)


class WeirPreTrainedModel(PreTrainedModel):
    config_class = WeirConfig
    base_model_prefix = "weir"


class WeirModel(WeirPreTrainedModel):
    """Every tier of the `swift` kind has a second matrix."""

    def __init__(self, config):
        super().__init__(config)
        self.gates = config.gates
        self.tokens = nn.Embedding(config.lexicon, config.girth)
        self.depths = nn.Embedding(config.basin["soundings"], config.basin["girth"])
        kinds = {"still": 1, "swift": 2}
        self.tiers = nn.ModuleList(
            nn.Sequential(*(nn.Linear(config.girth, config.girth) for _ in range(kinds[kind])))
            for kind in config.tier_kinds
        )
        self.norm = nn.LayerNorm(config.girth)
        self.post_init()

    def get_input_embeddings(self):
        return self.tokens

    def forward(self, input_ids):
        hidden = self.tokens(input_ids) + self.depths(torch.arange(input_ids.shape[1]))
        for tier in self.tiers:
            batch, length, girth = hidden.shape
            gated = hidden.view(batch, length, self.gates, girth // self.gates).softmax(-1)
            hidden = self.norm(hidden + tier(gated.reshape(batch, length, girth)))
        return (hidden,)


class StubbornConfig(LatticeConfig):
    """Refuses every breadth but its own."""

    model_type = "stubborn"

    def __init__(self, breadth=6144, **kwargs):
        if breadth != 6144:
            raise ValueError("a stubborn model is 6144 wide, always")
        super().__init__(breadth=breadth, **kwargs)


class StubbornModel(LatticeModel):
    config_class = StubbornConfig


class OrphanConfig(PretrainedConfig):
    """No model class anywhere names it."""

    model_type = "orphan"


@torch.no_grad()
def first_output(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the model's first output as a tensor."""
    return model(**inputs)[0]


def influence(model: Any, inputs: dict[str, torch.Tensor], name: str) -> float:
    """Return how far the output moves when one input changes a little, as a share of the output's spread.

    Sequences are judged at their last position, while the change is made near the start: only what travels through
    attention counts. Images are judged over everything but the first patch row of the output.
    """
    changed = inputs[name].clone()
    if name == "attention_mask":
        changed[:, 3:5] = 0
    elif name == "pixel_values":
        changed[:, :, :4, :4] += 0.5
    elif name == "token_type_ids":
        changed[:, 2] = 1
    else:
        changed[:, 1] += 1
    before = first_output(model, inputs)
    after = first_output(model, {**inputs, name: changed})
    return float((after - before)[:, -1].abs().max() / before.std())
