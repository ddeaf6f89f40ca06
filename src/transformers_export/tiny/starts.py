"""Arguments for configuration classes whose defaults build no model, or one that nothing makes small.

Some leave out what every checkpoint says (the vocabulary), some name a backbone of another library, some list sizes
that only fit together as they are. These are what a checkpoint of the kind has, or small already.
"""

from __future__ import annotations

from typing import Any

_RESNET = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
    "out_features": ["stage4"],
}
_DETR_SIZES = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "num_queries": 10,
}
_DETR = {
    "use_timm_backbone": False,
    "use_pretrained_backbone": False,
    "backbone": None,
    **_DETR_SIZES,
}
_RT_DETR_RESNET = {
    "model_type": "rt_detr_resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
    "out_features": ["stage2", "stage3", "stage4"],
}
_RT_DETR = {
    "encoder_hidden_dim": 32,
    "encoder_in_channels": [16, 24, 32],
    "encoder_layers": 1,
    "encoder_ffn_dim": 64,
    "encoder_attention_heads": 4,
    "d_model": 32,
    "decoder_in_channels": [32, 32, 32],
    "decoder_layers": 2,
    "decoder_ffn_dim": 64,
    "decoder_attention_heads": 4,
    "num_queries": 10,
    "num_denoising": 0,
}

_TEXT_SIDE = {
    "model_type": "bert",
    "vocab_size": 100,
    "max_position_embeddings": 128,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
_BEIT = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 4,
    "out_indices": [1, 2, 3, 4],
}

_STARTS: dict[str, dict[str, Any]] = {
    "beit": _BEIT,
    "clap": {
        "projection_dim": 32,
        "text_config": {
            "vocab_size": 100,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 64,
            "max_position_embeddings": 128,
        },
        "audio_config": {
            "spec_size": 32,
            "num_mel_bins": 8,
            "window_size": 2,
            "depths": [1, 1],
            "num_attention_heads": [2, 4],
            "patch_embeds_hidden_size": 16,
            "hidden_size": 32,
        },
    },
    "data2vec-vision": _BEIT,
    # The mask head divides its width by 64.
    "detr": {
        **_DETR,
        "d_model": 128,
        "encoder_attention_heads": 8,
        "decoder_attention_heads": 8,
        "backbone_config": {**_RESNET, "out_features": ["stage1", "stage2", "stage3", "stage4"]},
    },
    "table-transformer": {**_DETR, "backbone_config": _RESNET},
    "dpt": {
        "hidden_size": 32,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "image_size": 64,
        "backbone_out_indices": [0, 1, 2, 3],
        "neck_hidden_sizes": [16, 16, 16, 16],
        "fusion_hidden_size": 16,
    },
    "d_fine": {
        **_RT_DETR,
        "decoder_n_points": [3, 3, 3],
        "lqe_hidden_dim": 8,
        "backbone_config": {
            "model_type": "hgnet_v2",
            "hidden_sizes": [16, 24, 32, 40],
            "stem_channels": [3, 8, 8],
            "stage_in_channels": [8, 16, 24, 32],
            "stage_mid_channels": [8, 8, 8, 8],
            "stage_out_channels": [16, 24, 32, 40],
            "stage_num_blocks": [1, 1, 1, 1],
            "stage_numb_of_layers": [1, 1, 1, 1],
            "out_features": ["stage2", "stage3", "stage4"],
        },
        "encoder_in_channels": [24, 32, 40],
    },
    "efficientnet": {
        "image_size": 32,
        "width_coefficient": 1.0,
        "depth_coefficient": 1.0,
        "kernel_sizes": [3, 5],
        "in_channels": [32, 8],
        "out_channels": [8, 16],
        "depthwise_padding": [],
        "strides": [1, 2],
        "num_block_repeats": [1, 2],
        "expand_ratios": [1, 6],
        "hidden_dim": 1280,
    },
    "layoutlmv3": {
        "vocab_size": 100,
        "hidden_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 128,
        "max_2d_position_embeddings": 64,
        "coordinate_size": 8,
        "shape_size": 8,
        "input_size": 32,
        "patch_size": 16,
    },
    "maskformer": {
        "fpn_feature_size": 32,
        "mask_feature_size": 32,
        "backbone_config": {
            "model_type": "swin",
            "image_size": 64,
            "embed_dim": 8,
            "depths": [1, 1, 1, 1],
            "num_heads": [1, 2, 2, 4],
            "window_size": 2,
            "out_features": ["stage1", "stage2", "stage3", "stage4"],
        },
        "decoder_config": {"model_type": "detr", **_DETR_SIZES},
    },
    "patchtsmixer": {
        "num_input_channels": 3,
        "context_length": 32,
        "patch_length": 8,
        "patch_stride": 8,
        "d_model": 16,
    },
    "patchtst": {
        "num_input_channels": 3,
        "context_length": 32,
        "patch_length": 8,
        "patch_stride": 8,
        "d_model": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "ffn_dim": 64,
    },
    "sam": {
        "vision_config": {
            "hidden_size": 32,
            "output_channels": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 64,
            "patch_size": 8,
            "window_size": 3,
            "global_attn_indexes": [1],
            "num_pos_feats": 8,
            "mlp_dim": 64,
        },
        "prompt_encoder_config": {"hidden_size": 16, "image_size": 64, "patch_size": 8, "mask_input_channels": 4},
        "mask_decoder_config": {
            "hidden_size": 16,
            "mlp_dim": 32,
            "num_attention_heads": 4,
            "iou_head_hidden_dim": 16,
        },
    },
    "encoder-decoder": {
        "encoder": _TEXT_SIDE,
        "decoder": {**_TEXT_SIDE, "is_decoder": True, "add_cross_attention": True},
    },
    "esm": {"vocab_size": 33, "pad_token_id": 1, "mask_token_id": 32},
    "nemotron": {"num_key_value_heads": 8},
    "rt_detr": {**_RT_DETR, "backbone_config": _RT_DETR_RESNET},
    "rt_detr_v2": {**_RT_DETR, "backbone_config": _RT_DETR_RESNET},
    "vision-encoder-decoder": {
        "encoder": {
            "model_type": "vit",
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 64,
            "image_size": 32,
            "patch_size": 8,
        },
        "decoder": {
            "model_type": "gpt2",
            "vocab_size": 100,
            "n_positions": 128,
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 4,
            "bos_token_id": 0,
            "eos_token_id": 1,
            "is_decoder": True,
            "add_cross_attention": True,
        },
    },
    "wav2vec2-conformer": {"vocab_size": 32},
}

_SMALL_ALREADY = frozenset(("d_fine", "efficientnet", "rt_detr", "rt_detr_v2"))
"""Model types that start small, with lists of sizes that nothing else may change."""

_SMALL_AS_STARTED = frozenset(
    (
        "beit",
        "clap",
        "data2vec-vision",
        "detr",
        "encoder-decoder",
        "layoutlmv3",
        "maskformer",
        "patchtsmixer",
        "patchtst",
        "sam",
        "vision-encoder-decoder",
    )
)
"""Model types that start small, with sizes that some head needs; other configurations of theirs can be shrunk."""


def is_small_already(config: Any) -> bool:
    """Tell whether a configuration is to stay as it is."""
    kind = config.model_type
    if kind in _SMALL_AS_STARTED:
        return bool(config.to_dict() == start(type(config)).to_dict())
    return kind in _SMALL_ALREADY


def start(config_class: type) -> Any:
    """Build a configuration that describes a model, with the class's own defaults where they do."""
    arguments = dict(_STARTS.get(getattr(config_class, "model_type", ""), {}))
    backbone = arguments.pop("backbone_config", None)
    if backbone is not None:
        from transformers import AutoConfig

        kind = backbone["model_type"]
        arguments["backbone_config"] = AutoConfig.for_model(
            kind, **{k: v for k, v in backbone.items() if k != "model_type"}
        )
    return config_class(**arguments)
