"""TensorFlow's names and axes in PyTorch's terms."""

from __future__ import annotations

import numpy as np
import pytest

from transformers_export.onnx.tensorflow.names import axes, candidates, pytorch_name, same_shape


@pytest.mark.parametrize(
    ("tensorflow", "pytorch"),
    [
        ("tf_bert_model/bert/embeddings/word_embeddings/weight:0", "bert.embeddings.word_embeddings.weight"),
        (
            "tf_bert_model/bert/encoder/layer_._0/attention/self/query/kernel:0",
            "bert.encoder.layer.0.attention.self.query.weight",
        ),
        (
            "tf_bert_model_1/bert/encoder/layer_._11/output/LayerNorm/gamma:0",
            "bert.encoder.layer.11.output.LayerNorm.weight",
        ),
        ("tf_bert_model/bert/embeddings/LayerNorm/beta:0", "bert.embeddings.LayerNorm.bias"),
        ("tf_bert_for_masked_lm/mlm___cls/predictions/bias:0", "cls.predictions.bias"),
        ("model.shared/model.shared/embeddings:0", "model.shared.weight"),
        ("shared/shared/embeddings:0", "shared.weight"),
        ("final_logits_bias:0", "final_logits_bias"),
        ("tf_bart_model/model/encoder/layers.1/fc1/kernel:0", "model.encoder.layers.1.fc1.weight"),
        ("tf_x/conv/depthwise_kernel:0", "conv.depthwise.weight"),
        ("tf_x/norm/moving_mean:0", "norm.running_mean"),
    ],
)
def test_a_name_becomes_that_of_a_pytorch_checkpoint(tensorflow: str, pytorch: str) -> None:
    assert pytorch_name(tensorflow) == pytorch


def test_the_base_model_is_looked_for_with_and_without_its_prefix() -> None:
    assert candidates("tf_bert_model/bert/pooler/dense/kernel:0", "bert")[:2] == (
        "bert.pooler.dense.weight",
        "pooler.dense.weight",
    )
    assert "model.decoder.embed_tokens.weight" in candidates("model.shared/model.shared/embeddings:0", "model")
    assert "vit.layers.3.attention.q_proj.bias" in candidates(
        "tf_vi_t_model/vit/encoder/layer_._3/attention/attention/query/bias:0", "vit"
    )
    assert "encoder.layer.0.attention.self.pos_key_proj.weight" in candidates(
        "tf_deberta_v2_model/deberta/encoder/layer_._0/attention/self/pos_proj/kernel:0", "deberta"
    )


@pytest.mark.parametrize(
    ("leaf", "keras", "torch"),
    [
        ("kernel", (2, 3), (3, 2)),
        ("kernel", (5, 2, 3), (3, 2, 5)),
        ("kernel", (5, 6, 2, 3), (3, 2, 5, 6)),
        ("depthwise_kernel", (5, 2, 1), (1, 2, 5)),
        ("weight", (2, 3), (2, 3)),
        ("embeddings", (2, 3), (2, 3)),
        ("bias", (3,), (3,)),
    ],
)
def test_kernels_are_turned_round_and_nothing_else(leaf: str, keras: tuple[int, ...], torch: tuple[int, ...]) -> None:
    values = np.zeros(keras)
    assert values.transpose(axes(f"tf_x/layer/{leaf}:0", values.ndim)).shape == torch


def test_shapes_may_differ_by_axes_of_length_one_alone() -> None:
    assert same_shape((1, 24), (24,))
    assert same_shape((1, 2, 5), (2, 1, 5))
    assert not same_shape((2, 3), (3, 2))
    assert not same_shape((6,), (2, 3))
