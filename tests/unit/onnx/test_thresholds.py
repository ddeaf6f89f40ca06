"""Thresholds are found by what fields are called and where they stand, whatever the model."""

from __future__ import annotations

from typing import Any

import pytest

from transformers_export.onnx.thresholds import thresholds

DYNAMIC = {"rope_type": "dynamic", "factor": 2.0}
LONG = {"type": "longrope", "original_max_position_embeddings": 4096}


def _found(tree: dict[str, Any], *, seq2seq: bool = False, tables: tuple[int, ...] = ()) -> list[tuple[str, int, str]]:
    found = thresholds(tree, seq2seq=seq2seq, table_lengths=frozenset(tables))
    return [(each.field, each.length, each.side) for each in found]


@pytest.mark.parametrize(
    "name", ["sliding_window", "attention_window", "local_attention", "attention_chunk_size", "block_size"]
)
def test_windows(name: str) -> None:
    assert _found({name: 512}) == [(name, 512, "sequence")]
    assert _found({"text_config": {name: 512}, "vision_config": {name: 64}}) == [
        (f"text_config.{name}", 512, "sequence")
    ]


def test_a_window_that_no_layer_has_is_none() -> None:
    assert _found({"sliding_window": 512, "use_sliding_window": False}) == []
    assert _found({"sliding_window": 512, "layer_types": ["full_attention"] * 2}) == []
    assert _found({"sliding_window": None}) == []
    assert _found({"sliding_window": 512, "layer_types": ["full_attention", "sliding_attention"]})


def test_positions_that_are_stretched() -> None:
    assert _found({"max_position_embeddings": 2048, "rope_scaling": DYNAMIC}) == [
        ("max_position_embeddings", 2048, "sequence")
    ]
    assert _found({"max_position_embeddings": 131072, "rope_parameters": LONG}) == [
        ("rope_parameters.original_max_position_embeddings", 4096, "sequence")
    ]
    by_layer = {"full_attention": LONG, "sliding_attention": {"rope_type": "default"}}
    assert [length for _, length, _ in _found({"max_position_embeddings": 9, "rope_parameters": by_layer})] == [4096]


@pytest.mark.parametrize("kind", ["default", "linear", "yarn", "llama3"])
def test_positions_that_are_the_same_at_every_length(kind: str) -> None:
    rope = {"rope_type": kind, "original_max_position_embeddings": 4096}
    assert _found({"max_position_embeddings": 8192, "rope_parameters": rope}) == []


def test_tables_of_positions_are_found_by_their_length() -> None:
    assert _found({"max_position_embeddings": 512}, tables=(100, 514)) == [("max_position_embeddings", 512, "sequence")]
    assert _found({"max_position_embeddings": 512}, tables=(100, 2048)) == []


def test_sides_of_an_encoder_and_a_decoder() -> None:
    tree = {"attention_window": [4, 8, 4], "max_encoder_position_embeddings": 64, "max_decoder_position_embeddings": 32}
    assert _found(tree, seq2seq=True, tables=(64, 32)) == [
        ("attention_window", 4, "sequence"),
        ("attention_window", 8, "sequence"),
        ("max_decoder_position_embeddings", 32, "decoder"),
        ("max_encoder_position_embeddings", 64, "sequence"),
    ]
