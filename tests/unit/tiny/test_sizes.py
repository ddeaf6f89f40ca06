from __future__ import annotations

from transformers_export.tiny.roles import role_of
from transformers_export.tiny.sizes import Profile, kept_layers, place_tokens, propose, spread
from transformers_export.tiny.tree import edited, leaves


def small(tree, profile=None):
    roles = {path: role_of(path[-1], value) for path, value in leaves(tree)}
    return edited(tree, propose(tree, roles, profile or Profile()))


def test_sizes_keep_their_ratios_and_heads_divide_them():
    tree = {"hidden_size": 768, "intermediate_size": 3072, "embedding_size": 384, "num_attention_heads": 12}
    result = small(tree)
    assert result == {"hidden_size": 32, "intermediate_size": 128, "embedding_size": 16, "num_attention_heads": 4}
    assert result["hidden_size"] % result["num_attention_heads"] == 0


def test_nothing_grows():
    tree = {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 8}
    assert small(tree) == tree


def test_key_value_heads_divide_heads():
    grouped = small({"num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096})
    assert grouped["num_attention_heads"] % grouped["num_key_value_heads"] == 0
    assert 1 < grouped["num_key_value_heads"] < grouped["num_attention_heads"]
    assert small({"num_attention_heads": 71, "num_key_value_heads": 1})["num_key_value_heads"] == 1
    assert small({"num_attention_heads": 12, "num_key_value_heads": 12})["num_key_value_heads"] == 4


def test_equal_values_stay_equal_across_sub_configurations():
    tree = {"projection_dim": 512, "text_config": {"hidden_size": 512}, "vision_config": {"hidden_size": 768}}
    result = small(tree)
    assert result["projection_dim"] == result["text_config"]["hidden_size"]


def test_lists_with_an_entry_a_layer_are_cut_to_one_layer_of_each_kind():
    tree = {"num_hidden_layers": 12, "layer_types": (["sliding"] * 5 + ["full"]) * 2, "window_by_layer": [0] * 12}
    result = small(tree)
    assert result["layer_types"] == ["sliding", "full"]
    assert result["num_hidden_layers"] == len(result["window_by_layer"]) == 2


def test_a_pattern_with_repeats_is_cut_to_one_repeat():
    result = small({"num_layers": 24, "attention_types": [[["global", "local"], 12]]})
    assert result == {"num_layers": 2, "attention_types": [[["global", "local"], 1]]}


def test_layer_indices_point_at_layers_that_stay():
    assert small({"num_hidden_layers": 12, "out_indices": [3, 5, 11]})["out_indices"] == [1]


def test_heads_of_stages_keep_dividing_the_sizes_of_stages():
    result = small({"num_heads": [3, 6, 12, 24], "embed_dim": 96, "hidden_size": 768})
    assert result["num_heads"] == [1, 2, 4, 8]
    assert all((result["embed_dim"] * 2**i) % heads == 0 for i, heads in enumerate(result["num_heads"]))


def test_token_ids_fit_the_vocabulary_and_stay_apart():
    result = small({"vocab_size": 50265, "pad_token_id": 1, "mask_token_id": 50264, "eos_token_id": [2, 50260]})
    ids = [result["pad_token_id"], result["mask_token_id"], *result["eos_token_id"]]
    assert result["pad_token_id"] == 1
    assert max(ids) < result["vocab_size"]
    assert len(set(ids)) == 4


def test_images_stay_divisible_by_the_patch():
    for image, patch in ((224, 16), (224, 14), (384, 32), (30, 2), (518, 14)):
        result = small({"image_size": image, "patch_size": patch})
        assert result["image_size"] % patch == 0
        assert result["image_size"] <= image


def test_the_patch_count_follows_the_image():
    result = small({"image_size": 336, "patch_size": 14, "image_seq_length": 576})
    assert result["image_seq_length"] == (result["image_size"] // 14) ** 2


def test_positions_are_long_enough_for_validation():
    assert small({"max_position_embeddings": 514})["max_position_embeddings"] >= 64
    square = small({"num_position_embeddings": 2304})["num_position_embeddings"]
    assert int(square**0.5) ** 2 == square


def test_rotary_sections_fill_half_a_head():
    tree = {"hidden_size": 1024, "num_attention_heads": 8, "head_dim": 128, "rope": {"mrope_section": [16, 24, 24]}}
    result = small(tree)
    assert sum(result["rope"]["mrope_section"]) == result["head_dim"] // 2


def test_a_second_set_of_heads_keeps_its_product():
    tree = {"hidden_size": 4096, "num_attention_heads": 32, "mamba_n_heads": 128, "mamba_d_head": 64}
    result = small(tree)
    assert result["mamba_n_heads"] * result["mamba_d_head"] == 2 * result["hidden_size"]


def test_tokens_that_fit_stay_and_the_rest_come_from_the_top():
    assert dict(place_tokens([-100, 0, 99, 101, 50256], room=100)) == {-100: -100, 0: 0, 99: 99, 101: 97, 50256: 98}


def test_at_least_two_layers_stay_where_there_are_two():
    assert kept_layers(12, []) == [0, 1]
    assert kept_layers(1, []) == [0]
    assert kept_layers(6, [["a", "a", "a", "b", "a", "c"]]) == [0, 3, 5]
    assert len(kept_layers(40, [list(range(40))])) == 6


def test_spread_sums_to_the_total():
    assert spread([16, 24, 24], 4) == [1, 1, 2]
    assert sum(spread([1, 1, 30], 8)) == 8


def test_sizes_listed_by_stage_stay_divisible_by_the_heads_of_their_stage():
    result = small({"num_attention_heads": [1, 2, 5, 8], "hidden_sizes": [32, 64, 160, 256], "depths": [3, 4, 6, 3]})
    assert result["hidden_sizes"] == [8, 16, 40, 64]
    assert result["depths"] == [2, 2, 2, 2]
