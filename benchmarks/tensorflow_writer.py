"""Writes small checkpoints with TensorFlow transformers, and what TensorFlow computes with them.

    python benchmarks/tensorflow_writer.py DIRECTORY [FAMILY ...]

Runs in the environment that tensorflow_checkpoints.py makes: TensorFlow, Keras 2, transformers 4.48, no torch. For
every registered feature that a family has a TensorFlow class for, DIRECTORY/<family>/<feature>/ gets what
`save_pretrained` writes and expected.safetensors: inputs and TensorFlow's outputs. Prints a line of JSON for each.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np
import tf_keras
import transformers
from safetensors.numpy import save_file

from transformers_export.onnx.features import FeaturesManager

PAD, EOS, VOCABULARY, POSITIONS = 1, 2, 40, 24
BATCH, LENGTH, DECODER_LENGTH, CHOICES = 3, 7, 6, 2
LENGTHS, DECODER_LENGTHS = (7, 5, 3), (6, 4, 2)
"""Tokens of each row before its padding."""

ENCODER: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": POSITIONS,
    "pad_token_id": PAD,
}
SEQ2SEQ: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "d_model": 8,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 12,
    "decoder_ffn_dim": 12,
    "max_position_embeddings": POSITIONS,
    "pad_token_id": PAD,
    "bos_token_id": 0,
    "eos_token_id": EOS,
    "forced_eos_token_id": None,
    "decoder_start_token_id": EOS,
}
GPT: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "n_embd": 8,
    "n_layer": 2,
    "n_head": 2,
    "n_positions": POSITIONS,
    "pad_token_id": PAD,
    "bos_token_id": 0,
    "eos_token_id": EOS,
}
XLM: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "emb_dim": 8,
    "n_layers": 2,
    "n_heads": 2,
    "max_position_embeddings": POSITIONS,
    "pad_index": PAD,
    "pad_token_id": PAD,
    "initializer_range": 0.02,  # the multiple-choice head of TensorFlow reads it, and the configuration has none
}
T5: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "d_model": 8,
    "d_kv": 4,
    "d_ff": 12,
    "num_layers": 2,
    "num_heads": 2,
    "pad_token_id": PAD,
    "eos_token_id": EOS,
    "decoder_start_token_id": PAD,
}
DEBERTA = {**ENCODER, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 2}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "albert": ("AlbertConfig", {**ENCODER, "embedding_size": 4}),
    "bart": ("BartConfig", SEQ2SEQ),
    "bert": ("BertConfig", ENCODER),
    "blenderbot": ("BlenderbotConfig", SEQ2SEQ),
    "blenderbot-small": ("BlenderbotSmallConfig", SEQ2SEQ),
    "camembert": ("CamembertConfig", ENCODER),
    "convbert": ("ConvBertConfig", {**ENCODER, "num_attention_heads": 4, "embedding_size": 4, "conv_kernel_size": 3}),
    "deberta": ("DebertaConfig", DEBERTA),
    "deberta-v2": ("DebertaV2Config", {**DEBERTA, "position_buckets": 4, "conv_kernel_size": 3}),
    "distilbert": (
        "DistilBertConfig",
        {**GPT, "dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 12, "max_position_embeddings": POSITIONS},
    ),
    "electra": ("ElectraConfig", {**ENCODER, "embedding_size": 4}),
    "flaubert": ("FlaubertConfig", XLM),
    "gpt2": ("GPT2Config", GPT),
    "gptj": ("GPTJConfig", {**GPT, "rotary_dim": 4}),
    "layoutlm": ("LayoutLMConfig", {**ENCODER, "max_2d_position_embeddings": 16}),
    "marian": ("MarianConfig", SEQ2SEQ),
    "mbart": ("MBartConfig", SEQ2SEQ),
    "mobilebert": (
        "MobileBertConfig",
        {**ENCODER, "hidden_size": 16, "embedding_size": 8, "intra_bottleneck_size": 8, "num_feedforward_networks": 2},
    ),
    "roberta": ("RobertaConfig", {**ENCODER, "type_vocab_size": 1}),
    "roformer": ("RoFormerConfig", {**ENCODER, "embedding_size": 4}),
    "t5": ("T5Config", T5),
    "t5-1.1": ("T5Config", {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    "vit": (
        "ViTConfig",
        {
            "hidden_size": 8,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 12,
            "image_size": 8,
            "patch_size": 4,
        },
    ),
    "xlm": ("XLMConfig", {**XLM, "n_langs": 2}),
    "xlm-roberta": ("XLMRobertaConfig", {**ENCODER, "type_vocab_size": 1}),
}
SHARDED = {
    ("bart", "seq2seq-lm"),
    ("bert", "token-classification"),
    ("t5", "default"),
    ("vit", "image-classification"),
    ("mobilebert", "masked-lm"),
}
SHARD = "3KB"

CLASSES = {
    "default": "TFAutoModel",
    "masked-lm": "TFAutoModelForMaskedLM",
    "causal-lm": "TFAutoModelForCausalLM",
    "seq2seq-lm": "TFAutoModelForSeq2SeqLM",
    "sequence-classification": "TFAutoModelForSequenceClassification",
    "token-classification": "TFAutoModelForTokenClassification",
    "multiple-choice": "TFAutoModelForMultipleChoice",
    "question-answering": "TFAutoModelForQuestionAnswering",
    "image-classification": "TFAutoModelForImageClassification",
    "masked-im": "TFAutoModelForMaskedImageModeling",
}
NEVER_CAUSAL = {"roformer", "xlm"}
"""TensorFlow's attend to all tokens whatever `is_decoder` says."""
TOKEN_TYPES = {
    *("albert", "bert", "convbert", "deberta", "deberta-v2", "electra", "layoutlm", "mobilebert", "roformer", "xlm"),
}
OUTPUTS = ("last_hidden_state", "pooler_output", "logits", "start_logits", "end_logits")


def main(directory: Path, families: list[str]) -> int:
    """Write every family that was asked for, all by default."""
    for family in families or sorted(FAMILIES):
        for feature in FeaturesManager.features_of(getattr(transformers, FAMILIES[family][0]).model_type):
            if not feature.endswith("-with-past"):
                print(json.dumps(write(directory / family / feature, family, feature)), flush=True)
    return 0


def write(directory: Path, family: str, feature: str) -> dict[str, Any]:
    """Write one checkpoint with its inputs and outputs, and say which class wrote it; none where there is none."""
    tf_keras.backend.clear_session()
    name, settings = FAMILIES[family]
    if feature == "causal-lm" and family not in NEVER_CAUSAL:
        settings = {**settings, "is_decoder": True}
    config = getattr(transformers, name)(**settings)
    try:
        model = getattr(transformers, CLASSES[feature]).from_config(config)
    except ValueError:
        return {"family": family, "feature": feature, "class": ""}
    model.build_in_name_scope()
    redraw(model)
    inputs = make_inputs(family, feature, np.random.default_rng(zlib.crc32(f"{family}/{feature}".encode())))
    outputs = {name: value.numpy() for name, value in model(inputs, training=False).items() if name in OUTPUTS}
    shard = {"max_shard_size": SHARD} if (family, feature) in SHARDED else {}
    model.save_pretrained(directory, **shard)
    save_file(
        {
            **{f"input/{name}": np.ascontiguousarray(value) for name, value in inputs.items()},
            **{f"output/{name}": np.ascontiguousarray(value) for name, value in outputs.items()},
        },
        directory / "expected.safetensors",
    )
    return {"family": family, "feature": feature, "class": type(model).__name__, "weights": len(model.weights)}


def redraw(model: Any) -> None:
    """Draw every weight again, larger than training starts with, from a seed of its name; fixed sinusoids stay.

    So a family's checkpoints share what they have in common. Few bits are set, so that archives are small.
    """
    for weight in model.weights:
        name = weight.name.partition("/")[2] or weight.name
        shape = tuple(weight.shape)
        if "embed_positions" in name and not weight.trainable:
            continue
        noise = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
        bits = np.float32(_scaled(name, noise, shape)).view(np.uint32) & np.uint32(0xFFFF0000)
        weight.assign(bits.view(np.float32))


def _scaled(name: str, noise: Any, shape: tuple[int, ...]) -> Any:
    leaf = name.rpartition("/")[2].partition(":")[0]
    if leaf in ("gamma", "weight") and len(shape) == 1:
        return 1 + 0.2 * noise
    if leaf in ("beta", "bias") or "bias" in leaf or len(shape) == 1:
        return 0.2 * noise
    if "embed" in name or "token" in leaf or "shared" in name:
        return 0.3 * noise
    return 0.7 * noise / np.sqrt(np.prod(shape[:-1]))


def make_inputs(family: str, feature: str, rng: Any) -> dict[str, Any]:
    """Inputs for a feature: random, with padding on the right of all rows but the first."""
    if family == "vit":
        return {"pixel_values": rng.standard_normal((BATCH, 3, 8, 8)).astype(np.float32)}
    rows = (BATCH, CHOICES) if feature == "multiple-choice" else (BATCH,)
    inputs = _text(rng, rows, LENGTH, LENGTHS, "input_ids", "attention_mask")
    if family in TOKEN_TYPES:
        inputs["token_type_ids"] = rng.integers(0, 2, inputs["input_ids"].shape)
    if family == "layoutlm":
        corners = np.sort(rng.integers(0, 15, (2, *inputs["input_ids"].shape, 2)), axis=0)
        inputs["bbox"] = np.concatenate([corners[0], corners[1]], axis=-1)
    if FAMILIES[family][1] is SEQ2SEQ or FAMILIES[family][0] == "T5Config":
        if feature == "sequence-classification":  # the head reads where the end-of-sequence token stands on both sides
            for row, length in enumerate(LENGTHS):
                inputs["input_ids"][row, length - 1] = EOS
        length, lengths = (
            (LENGTH, LENGTHS) if feature == "sequence-classification" else (DECODER_LENGTH, DECODER_LENGTHS)
        )
        inputs |= _text(rng, rows, length, lengths, "decoder_input_ids", "decoder_attention_mask")
    return inputs


def _text(
    rng: Any, rows: tuple[int, ...], length: int, lengths: tuple[int, ...], ids: str, mask: str
) -> dict[str, Any]:
    """Token ids and their mask."""
    tokens = rng.integers(3, VOCABULARY, (*rows, length))
    kept = np.arange(length) < np.array(lengths).reshape(BATCH, *[1] * len(rows))
    kept = np.broadcast_to(kept, tokens.shape)
    return {ids: np.where(kept, tokens, PAD), mask: kept.astype(np.int64)}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
