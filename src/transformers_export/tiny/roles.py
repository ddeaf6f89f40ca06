"""What a configuration field is, read from its name and the kind of its value. Pure; knows words, no architectures.

A name that says nothing gets `UNKNOWN`; `measure.py` finds out by building the model.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, TypeGuard

from transformers_export import field_names


class Role(Enum):
    """What shrinking may do to a field."""

    KEEP = "keep"
    TOKEN = "token id"  # noqa: S105  (a role, not a password)
    VOCABULARY = "vocabulary"
    LAYERS = "layer count"
    DEPTHS = "layer count of each stage"
    SHARED_LAYERS = "layers that reuse the keys and values of others"
    LAYER_INDEX = "layer index"
    HEADS = "head count"
    KEY_VALUE_HEADS = "key-value head count"
    STAGE_HEADS = "head count of each stage"
    HEAD_SIZE = "size of one head"
    SECTIONS = "parts of half a head"
    EXPERTS = "expert count"
    EXPERTS_USED = "experts used for a token"
    EXPERT_GROUPS = "expert groups"
    POSITIONS = "sequence positions"
    IMAGE = "image side"
    PATCHES = "patch count"
    WINDOW = "attention window"
    SIZE = "size"
    UNKNOWN = "unknown"


# First match wins. Each pattern is searched in the lower-case name.
_NUMBER_PATTERNS: tuple[tuple[str, Role], ...] = (
    (r"token_(id|index|ids|idx)$", Role.TOKEN),
    (r"^(pad|padding|bos|eos|sep|cls|mask|unk|start|end|image|audio|video)_(id|index|idx)$", Role.TOKEN),
    (r"type_vocab|token_type|type_sequence", Role.KEEP),
    (r"vocab", Role.VOCABULARY),
    (r"experts?_per|moe_top_?k$|top_?k_experts?$|experts_top|selected_experts", Role.EXPERTS_USED),
    (r"topk_group|n_group$|num_expert_group|expert_groups?$", Role.EXPERT_GROUPS),
    (r"shared_expert.*size|expert.*(size|dim)", Role.SIZE),
    (r"shared_experts", Role.KEEP),
    (r"experts$", Role.EXPERTS),
    (r"kv_shared_layers", Role.SHARED_LAYERS),
    (r"^max_window_layers$", Role.LAYER_INDEX),
    (r"(nextn|predict|adapter|residual|lstm|norm|feat_extract|conv).*layers?", Role.KEEP),
    (r"first_k_dense", Role.LAYER_INDEX),
    (r"(indices|indexes|layer_ids?|layer_idx|feature_layers?|global_attention_blocks)$", Role.LAYER_INDEX),
    (r"(head|iou|prompt)\w*_depth", Role.KEEP),
    (r"^depths?$|_depths?$|(^|_)layers$|^n_layer$|^(n|num)_blocks$", Role.LAYERS),
    (r"(^|_)blocks_per_stage$|attends_per_block$", Role.LAYERS),
    (r"(num|n|encoder|decoder|hidden|numb_of)_(layers?|blocks?|layers_per_\w+)$", Role.LAYERS),
    (r"(head_?dim|head_size|dim_head|d_head|d_kv|dim_per_head|rotary_dim|rotary_ndims|qk_dim)(s)?$", Role.HEAD_SIZE),
    (r"mrope_section|rope_section", Role.SECTIONS),
    (r"(kv|key_value)_?\w*heads?$|multi_query_group", Role.KEY_VALUE_HEADS),
    (r"(^|_)heads?(_per_stage)?$", Role.HEADS),
    (r"2d", Role.KEEP),  # page coordinates run to 1000 whatever the length of the text
    (r"relative|bucket|distance|temperature", Role.KEEP),
    (
        r"position_embeddings?$|positions$|^n_ctx$|max_seq\w*(len|length)$|context_(length|len)$|^max_length$",
        Role.POSITIONS,
    ),
    (r"^(max_target|max_source|max_text)_\w+$|^(seq|sequence|block)_(length|len)$", Role.POSITIONS),
    (r"image_size$|^img_size$|image_(height|width)$|^input_resolution$|^train_size$", Role.IMAGE),
    (r"num_patches$|image_seq_length$|num_image_tokens$", Role.PATCHES),
    (field_names.WINDOW, Role.WINDOW),
    (r"sliding", Role.KEEP),
    (r"kernel|stride|rate|ratio|_factor|scale|theta|freq|hop|fft|sampl|patch|window|group|pool|dilation", Role.KEEP),
    (r"offset|period|interval|_id$|_ids$|loss|coefficient|cost|frames|mel|num_channels|_step|chunk|pad", Role.KEEP),
    (
        r"(size|sizes|dim|dims|hidden|width|widths|channels|features|ffn|inner|embd|rank|filters|units|latents)$",
        Role.SIZE,
    ),
    (r"^d_\w+$|_dim_|_size_|hidden|embed|channels|proj|state_size|d_state|dims?_", Role.SIZE),
)

_LISTS = {Role.LAYERS: Role.DEPTHS, Role.HEADS: Role.STAGE_HEADS}


def is_number(value: Any) -> TypeGuard[int]:
    """Whether this is a plain integer (a bool is none)."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number_list(value: Any) -> TypeGuard[list[int]]:
    """Whether this is a list of plain integers with at least one in it."""
    return isinstance(value, (list, tuple)) and bool(value) and all(is_number(item) for item in value)


def role_of(name: str, value: Any) -> Role:
    """Say what a field with this name and value is for shrinking."""
    if not is_number(value) and not is_number_list(value):
        return Role.KEEP
    for pattern, role in _NUMBER_PATTERNS:
        if re.search(pattern, name.lower()):
            return _LISTS.get(role, role) if is_number_list(value) else role
    return Role.UNKNOWN if is_number(value) and value > 1 else Role.KEEP
