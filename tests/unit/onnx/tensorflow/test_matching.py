"""Which weight goes where, from names and shapes alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError
from transformers_export.onnx.tensorflow.matching import Target, Tensor, match, require_complete
from transformers_export.onnx.tensorflow.reading import Weight

TENSORS = {
    "bert.embeddings.word_embeddings.weight": Tensor((40, 8), "bert.embeddings.word_embeddings.weight", False),
    "bert.embeddings.position_ids": Tensor((1, 24), "bert.embeddings.position_ids", True),
    "bert.encoder.dense.weight": Tensor((12, 8), "bert.encoder.dense.weight", False),
    "cls.decoder.weight": Tensor((40, 8), "bert.embeddings.word_embeddings.weight", False),
    "cls.bias": Tensor((40,), "cls.bias", False),
}
TARGET = Target("BertForMaskedLM", "bert", frozenset({"embeddings", "encoder"}), TENSORS)
WORDS = ("tf_bert/bert/embeddings/word_embeddings/weight:0", (40, 8))
DENSE = ("tf_bert/bert/encoder/dense/kernel:0", (8, 12))
BIAS = ("tf_bert/mlm___cls/bias:0", (40,))


def _weights(*pairs: tuple[str, tuple[int, ...]]) -> list[Weight]:
    return [Weight(name, Path("tf_model.h5"), name, shape) for name, shape in pairs]


def test_every_tensor_gets_its_weight() -> None:
    found = match(_weights(WORDS, DENSE, BIAS), TARGET)
    assert {name: weights[0].name for name, weights in found.weights.items()} == {
        "bert.embeddings.word_embeddings.weight": WORDS[0],
        "bert.encoder.dense.weight": DENSE[0],
        "cls.bias": BIAS[0],
    }
    assert (found.missing, found.unused) == ((), ())
    require_complete(found, TARGET, "")


def test_a_missing_weight_is_named_and_a_computed_buffer_is_none() -> None:
    found = match(_weights(WORDS, DENSE), TARGET)
    assert found.missing == ("cls.bias",)
    with pytest.raises(TensorFlowCheckpointError, match=r"no weights for cls\.bias of BertForMaskedLM.*from BertModel"):
        require_complete(found, TARGET, "BertModel")


def test_a_buffer_that_is_learned_is_missing_too() -> None:
    tensors = {**TENSORS, "norm.running_mean": Tensor((8,), "norm.running_mean", True)}
    found = match(_weights(WORDS, DENSE, BIAS), Target("M", "bert", TARGET.parts, tensors))
    assert found.missing == ("norm.running_mean",)


def test_a_parameter_named_like_a_computed_buffer_is_missing_too() -> None:
    tensors = {**TENSORS, "x.position_ids": Tensor((8,), "x.position_ids", False)}
    found = match(_weights(WORDS, DENSE, BIAS), Target("M", "bert", TARGET.parts, tensors))
    assert found.missing == ("x.position_ids",)


@pytest.mark.parametrize("shape", [(12, 8), (8, 13), (96,), (8, 12, 2)])
def test_a_wrong_shape_names_both_sides(shape: tuple[int, ...]) -> None:
    with pytest.raises(TensorFlowCheckpointError) as caught:
        match(_weights(WORDS, (DENSE[0], shape), BIAS), TARGET)
    assert DENSE[0] in str(caught.value)
    assert str(list(shape)) in str(caught.value)
    assert "BertForMaskedLM takes 'bert.encoder.dense.weight' as [12, 8]" in str(caught.value)


def test_a_weight_of_the_base_model_without_a_place_names_both_sides() -> None:
    with pytest.raises(TensorFlowCheckpointError, match=r"layer_\._7/dense/kernel:0.*has no 'bert\.encoder\.layer\.7"):
        match(_weights(WORDS, DENSE, BIAS, ("tf_bert/bert/encoder/layer_._7/dense/kernel:0", (8, 8))), TARGET)


def test_weights_of_other_heads_and_of_a_pooler_are_left_over_and_told() -> None:
    others = [("tf_bert/nsp___cls/seq_relationship/kernel:0", (8, 2)), ("tf_bert/bert/pooler/dense/kernel:0", (8, 8))]
    assert match(_weights(WORDS, DENSE, BIAS, *others), TARGET).unused == tuple(name for name, _ in others)
