"""Pieces of models that were written anew for graphs compute what transformers' own do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from transformers.models.helium.modeling_helium import HeliumRMSNorm
from transformers.models.siglip2.modeling_siglip2 import Siglip2MultiheadAttentionPoolingHead, Siglip2VisionEmbeddings

from transformers_export import tiny
from transformers_export.models.detectors import length
from transformers_export.models.helium.configuration_helium import normalized
from transformers_export.models.longformer.configuration_longformer import LongformerOnnxConfig
from transformers_export.models.siglip2.vision import pooled, resize_positional_embeddings


@pytest.fixture(autouse=True)
def _same_numbers() -> Any:
    torch.manual_seed(0)
    with torch.no_grad():
        yield


@pytest.mark.parametrize(
    ("shapes", "patches"),
    [([[2, 3], [1, 4]], 8), ([[16, 16], [20, 3], [3, 40]], 260), ([[5, 31], [7, 9], [1, 1]], 155)],
    ids=["made-smaller", "made-larger", "one-way-each"],
)
def test_a_table_resized_for_all_images_at_once(shapes: list[list[int]], patches: int) -> None:
    table, wanted = torch.randn(16, 16, 8), torch.tensor(shapes)
    own = Siglip2VisionEmbeddings.resize_positional_embeddings(table, wanted, patches)
    assert torch.allclose(resize_positional_embeddings(table, wanted, patches), own, atol=1e-5)


def test_images_pooled_without_the_fused_attention() -> None:
    config = transformers.Siglip2VisionConfig(hidden_size=32, num_attention_heads=4, intermediate_size=64)
    config._attn_implementation = "sdpa"
    head = Siglip2MultiheadAttentionPoolingHead(config).eval()
    states, mask = torch.randn(3, 10, 32), torch.ones(3, 10, dtype=torch.int64)
    mask[1, 4:] = 0
    assert torch.allclose(pooled(head, states, mask), head(states, mask), atol=1e-5)
    assert torch.allclose(pooled(head, states), head(states), atol=1e-5)
    assert not torch.allclose(pooled(head, states), head(states, mask), atol=1e-3)


@pytest.mark.parametrize("tokens", [3, 8, 21, 40])
@pytest.mark.parametrize("seeing", [(), (0,), (0, 5, 6, 19)], ids=["none", "first", "several"])
def test_neighbours_and_tokens_that_see_all(tokens: int, seeing: tuple[int, ...]) -> None:
    config = transformers.LongformerConfig(
        vocab_size=100,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        attention_window=[4, 8],
        max_position_embeddings=64,
    )
    model = tiny.build_model(transformers.LongformerModel, config)
    inputs = {
        "input_ids": torch.randint(5, 100, (2, tokens)),
        "attention_mask": torch.ones(2, tokens, dtype=torch.int64),
        "global_attention_mask": torch.zeros(2, tokens, dtype=torch.int64),
    }
    inputs["attention_mask"][0, tokens // 2 + 1 :] = 0
    inputs["global_attention_mask"][:, [place for place in seeing if place < tokens]] = 1
    own = model(**inputs).last_hidden_state
    onnx_config = LongformerOnnxConfig(config)
    onnx_config.patch_ops()
    try:
        rewritten = model(**inputs).last_hidden_state
        everything = model(**{**inputs, "global_attention_mask": torch.ones_like(inputs["attention_mask"])})
    finally:
        onnx_config.restore_ops()
    assert torch.allclose(rewritten, own, atol=1e-4)
    assert torch.equal(model(**inputs).last_hidden_state, own)
    assert tokens < 8 or not torch.allclose(everything.last_hidden_state, own, atol=1e-2)


def test_an_epsilon_that_is_not_taken_for_zero() -> None:
    norm = HeliumRMSNorm(32, eps=1e-8)
    states = torch.randn(2, 5, 32)
    states[1, 3:] = 0.0
    assert torch.allclose(normalized(norm, states), norm(states), atol=1e-6)
    assert bool((normalized(norm, states)[1, 3:] == 0).all())


def test_a_length_of_a_tensor_is_its_axis() -> None:
    assert length(torch.zeros(3, 2)) == 3
    assert length([1, 2]) == 2
