"""Lengths at which a model switches become short with the rest, and their relations stay."""

from __future__ import annotations

import pytest

from transformers_export.tiny.roles import Role, role_of
from transformers_export.tiny.sizes import PROFILES, propose
from transformers_export.tiny.switches import LENGTH, ORIGINAL, switch_edits
from transformers_export.tiny.tree import edited, leaves

LLAMA = {"hidden_size": 4096, "num_attention_heads": 32, "max_position_embeddings": 4096}
PHI = {
    **LLAMA,
    "hidden_size": 3072,
    "max_position_embeddings": 131072,
    "original_max_position_embeddings": 4096,
    "rope_scaling": {"type": "longrope", "long_factor": [float(i) for i in range(48)], "short_factor": [1.0] * 48},
}


def test_dynamic_positions_switch_within_the_shapes_that_are_run():
    tree = {**LLAMA, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0}}
    assert switch_edits(tree, {}) == {("max_position_embeddings",): LENGTH}


def test_long_factors_fit_the_smaller_head_and_the_original_length_stays_shorter():
    small = edited(PHI, switch_edits(PHI, {("hidden_size",): 256, ("num_attention_heads",): 4}))
    assert (small["max_position_embeddings"], small["original_max_position_embeddings"]) == (LENGTH, ORIGINAL)
    assert [len(small["rope_scaling"][f"{name}_factor"]) for name in ("long", "short")] == [32, 32]
    assert small["rope_scaling"]["long_factor"][-1] > 40


def test_a_factor_that_is_the_ratio_of_the_lengths_stays_it():
    rope = {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096}
    small = edited(tree := {**PHI, "rope_scaling": rope}, switch_edits(tree, {}))
    assert small["rope_scaling"]["factor"] == LENGTH / ORIGINAL


def test_each_kind_of_layer_and_each_part_has_its_own():
    rope = {"full": {"rope_type": "dynamic", "original_max_position_embeddings": 8192}, "local": {"rope_theta": 1.0}}
    tree = {"text_config": {**LLAMA, "rope_parameters": rope}, "vision_config": {"max_position_embeddings": 4096}}
    assert switch_edits(tree, {}) == {
        ("text_config", "max_position_embeddings"): LENGTH,
        ("text_config", "rope_parameters", "full", "original_max_position_embeddings"): LENGTH,
    }


def test_a_table_of_positions_stays_longer_than_the_shapes_that_are_run():
    assert switch_edits(LLAMA, {}) == {}
    assert switch_edits({**LLAMA, "rope_theta": 1e4, "position_embedding_type": "absolute"}, {}) == {}


@pytest.mark.parametrize(
    "name",
    ["sliding_window", "attention_window", "attention_chunk_size", "local_attention", "window_size", "block_size"],
)
def test_windows_become_shorter_than_what_is_captured(name: str):
    tree = {name: 4096, "hidden_size": 768, "num_attention_heads": 12}
    small = edited(tree, propose(tree, {p: role_of(p[-1], v) for p, v in leaves(tree)}, PROFILES[0]))
    assert small[name] < 8


@pytest.mark.parametrize(
    "name",
    [
        "chunk_size_feed_forward",
        "sliding_window_pattern",
        "use_sliding_window",
        "pretrained_window_sizes",
        "patch_size",
    ],
)
def test_what_is_named_after_windows_is_no_window(name: str):
    assert role_of(name, 64) is not Role.WINDOW
