from __future__ import annotations

import pytest

from transformers_export.tiny.roles import Role, role_of


@pytest.mark.parametrize(
    ("name", "value", "role"),
    [
        ("vocab_size", 30522, Role.VOCABULARY),
        ("type_vocab_size", 2, Role.KEEP),
        ("hidden_size", 768, Role.SIZE),
        ("d_ff", 2048, Role.SIZE),
        ("num_hidden_layers", 12, Role.LAYERS),
        ("encoder_layers", 12, Role.LAYERS),
        ("n_layer", 12, Role.LAYERS),
        ("depths", [2, 2, 6, 2], Role.DEPTHS),
        ("layer_norm_eps", 1, Role.KEEP),
        ("num_attention_heads", 12, Role.HEADS),
        ("num_heads", [3, 6, 12, 24], Role.STAGE_HEADS),
        ("num_key_value_heads", 4, Role.KEY_VALUE_HEADS),
        ("d_kv", 64, Role.HEAD_SIZE),
        ("mamba_d_head", 64, Role.HEAD_SIZE),
        ("max_position_embeddings", 512, Role.POSITIONS),
        ("max_2d_position_embeddings", 1024, Role.KEEP),
        ("relative_attention_num_buckets", 32, Role.KEEP),
        ("n_positions", 1024, Role.POSITIONS),
        ("image_size", 224, Role.IMAGE),
        ("patch_size", 16, Role.KEEP),
        ("conv_kernel_size", 9, Role.KEEP),
        ("eos_token_id", 50256, Role.TOKEN),
        ("eos_token_id", [1, 106], Role.TOKEN),
        ("pad_index", 2, Role.TOKEN),
        ("num_local_experts", 64, Role.EXPERTS),
        ("num_experts_per_tok", 8, Role.EXPERTS_USED),
        ("storeys", 12, Role.UNKNOWN),
        ("breadth", 768, Role.UNKNOWN),
        ("use_cache", True, Role.KEEP),
        ("hidden_act", "gelu", Role.KEEP),
        ("dropout", 0.1, Role.KEEP),
    ],
)
def test_the_name_and_the_kind_of_value_say_what_a_field_is(name, value, role):
    assert role_of(name, value) is role
