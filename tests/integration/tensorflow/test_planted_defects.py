"""Checkpoints of TensorFlow with one thing wrong: an error that names both sides, or outputs that differ."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import torch
import transformers

from support.tensorflow_checkpoints import of_pytorch
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager
from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = "tf_bert_model"
DENSE = f"bert/{MODEL}/bert/encoder/layer_._0/intermediate/dense/kernel:0"
QUERY = f"bert/{MODEL}/bert/encoder/layer_._1/attention/self/query/kernel:0"
KEY = f"bert/{MODEL}/bert/encoder/layer_._1/attention/self/key/kernel:0"


@pytest.fixture
def bert(checkpoint: Callable[[str, str], Path], tmp_path: Path) -> Path:
    """A BertModel to spoil: one file."""
    return shutil.copytree(checkpoint("bert", "default"), tmp_path / "bert")


@pytest.fixture
def sharded(checkpoint: Callable[[str, str], Path], tmp_path: Path) -> Path:
    """A BertForTokenClassification to spoil: several files and an index."""
    return shutil.copytree(checkpoint("bert", "token-classification"), tmp_path / "sharded")


def _spoil(directory: Path, change: Callable[[Any], None]) -> None:
    with h5py.File(directory / "tf_model.h5", "r+") as root:
        change(root)


def _replace(root: Any, path: str, values: Any) -> None:
    del root[path]
    root.create_dataset(path, data=values)


def _forget(root: Any, path: str) -> None:
    layer, _, name = path.partition("/")
    kept = [known for known in root[layer].attrs["weight_names"] if known not in (name, name.encode())]
    assert len(kept) == len(root[layer].attrs["weight_names"]) - 1
    root[layer].attrs["weight_names"] = kept


def _configure(directory: Path, **settings: Any) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def _load(directory: Path, feature: str = "default") -> Any:
    return FeaturesManager.get_model_from_feature(feature, str(directory))


def _refusal(directory: Path, feature: str = "default") -> str:
    with pytest.raises(TensorFlowCheckpointError) as caught:
        _load(directory, feature)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_swapped_kernels_show_in_the_outputs(bert: Path) -> None:
    assert of_pytorch(_load(bert), bert) < 1e-5

    def swap(root: Any) -> None:
        query, key = root[QUERY][()], root[KEY][()]
        _replace(root, QUERY, key)
        _replace(root, KEY, query + 0)

    _spoil(bert, swap)
    assert of_pytorch(_load(bert), bert) > 1e-3


def test_a_kernel_that_is_turned_already_shows_in_the_outputs(bert: Path) -> None:
    _spoil(bert, lambda root: _replace(root, QUERY, root[QUERY][()].T))
    assert of_pytorch(_load(bert), bert) > 1e-3


def test_every_weight_shows_in_the_outputs(bert: Path) -> None:
    """So that one set wrongly, or not at all, could not pass unseen; a key's bias moves all scores alike."""
    model = _load(bert)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            before = parameter.clone()
            parameter.add_(torch.linspace(0.1, 0.3, parameter.numel()).reshape(parameter.shape))
            if not name.endswith("key.bias"):
                assert of_pytorch(model, bert) > 1e-4, name
            parameter.copy_(before)
    assert of_pytorch(model, bert) < 1e-5


def test_a_missing_weight_is_an_error(bert: Path) -> None:
    _spoil(bert, lambda root: _forget(root, DENSE))
    refusal = _refusal(bert)
    assert "no weights for encoder.layer.0.intermediate.dense.weight of BertModel: they would stay random" in refusal


def test_half_a_pooler_is_an_error(bert: Path) -> None:
    _spoil(bert, lambda root: _forget(root, f"bert/{MODEL}/bert/pooler/dense/bias:0"))
    assert "no weights for pooler.dense.bias of BertModel" in _refusal(bert)


def test_a_weight_that_is_listed_and_not_held_is_an_error(bert: Path) -> None:
    _spoil(bert, lambda root: root.__delitem__(DENSE))
    assert f"it lists {DENSE!r} and does not hold it" in _refusal(bert)


@pytest.mark.parametrize("shape", [(12, 8), (8, 13), (96,)])
def test_a_wrong_shape_is_an_error_that_names_both_sides(bert: Path, shape: tuple[int, ...]) -> None:
    _spoil(bert, lambda root: _replace(root, DENSE, np.zeros(shape, np.float32)))
    refusal = _refusal(bert)
    assert DENSE.partition("/")[2] in refusal
    assert "BertModel takes 'encoder.layer.0.intermediate.dense.weight' as [12, 8]" in refusal


def _twice(root: Any, values: Any) -> None:
    name = DENSE.partition("/")[2]
    root.attrs["layer_names"] = [*root.attrs["layer_names"], "again"]
    root.create_group("again").attrs["weight_names"] = [name]
    root["again"].create_dataset(name, data=values)


def test_a_weight_that_is_there_twice_with_other_values_is_an_error(bert: Path) -> None:
    _spoil(bert, lambda root: _twice(root, root[DENSE][()] + 1))
    refusal = _refusal(bert)
    assert "holds two weights for 'encoder.layer.0.intermediate.dense.weight' that differ" in refusal
    assert DENSE in refusal
    assert "'again/" in refusal


def test_a_weight_that_several_layers_share_is_read_once(bert: Path) -> None:
    _spoil(bert, lambda root: _twice(root, root[DENSE][()]))
    assert of_pytorch(_load(bert), bert) < 1e-5


def test_fewer_layers_in_the_configuration_are_an_error_that_names_both_sides(bert: Path) -> None:
    _configure(bert, num_hidden_layers=1)
    refusal = _refusal(bert)
    assert f"'{MODEL}/bert/encoder/layer_._1/" in refusal
    assert "BertModel has no 'bert.encoder.layer.1." in refusal


def test_more_layers_in_the_configuration_are_an_error(bert: Path) -> None:
    _configure(bert, num_hidden_layers=3)
    assert "no weights for encoder.layer.2.attention.self.query.weight" in _refusal(bert)


def test_a_file_that_is_cut_short_is_one_error(bert: Path) -> None:
    content = (bert / "tf_model.h5").read_bytes()
    (bert / "tf_model.h5").write_bytes(content[: len(content) // 2])
    assert "tf_model.h5 cannot be read as HDF5" in _refusal(bert)


def test_a_shard_that_is_not_there_is_named(sharded: Path) -> None:
    shards = sorted(sharded.glob("*.h5"))
    assert len(shards) > 2
    shards[1].unlink()
    assert f"lacks {shards[1].name}, which its tf_model.h5.index.json names" in _refusal(
        sharded, "token-classification"
    )


def test_an_index_that_names_a_weight_no_shard_holds_is_an_error(sharded: Path) -> None:
    path = sharded / "tf_model.h5.index.json"
    index = json.loads(path.read_text())
    index["weight_map"]["tf_bert/bert/spare/kernel:0"] = next(iter(index["weight_map"].values()))
    path.write_text(json.dumps(index))
    assert "lacks tf_bert/bert/spare/kernel:0, which the index names" in _refusal(sharded, "token-classification")


def test_a_weight_that_the_index_forgets_is_an_error(sharded: Path) -> None:
    path = sharded / "tf_model.h5.index.json"
    index = json.loads(path.read_text())
    del index["weight_map"][next(name for name in index["weight_map"] if "classifier/kernel" in name)]
    path.write_text(json.dumps(index))
    assert "has classifier/kernel:0, which it does not name" in _refusal(sharded, "token-classification")


def test_a_head_that_the_checkpoint_lacks_is_an_error(bert: Path) -> None:
    refusal = _refusal(bert, "sequence-classification")
    assert "no weights for classifier.weight, classifier.bias of BertForSequenceClassification" in refusal
    assert "saved from BertModel" in refusal


def test_another_head_is_named_from_both_sides(checkpoint: Callable[[str, str], Path]) -> None:
    refusal = _refusal(checkpoint("distilbert", "question-answering"), "token-classification")
    assert "no weights for classifier.weight, classifier.bias" in refusal
    assert "does not take: tf_distil_bert_for_question_answering/qa_outputs/kernel:0" in refusal


def test_the_base_model_is_read_from_under_a_head(
    checkpoint: Callable[[str, str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    """As the guide exported `keras-io/transformers-qa`: the head is left over and told, the pooler is left out."""
    whole = checkpoint("bert", "default")
    model = _load(checkpoint("bert", "question-answering"))
    assert model.pooler is None
    inputs = {"input_ids": torch.arange(3, 10)[None]}
    with torch.no_grad():
        assert torch.equal(model(**inputs).last_hidden_state, _load(whole)(**inputs).last_hidden_state)
    assert "has no pooler" in caplog.text
    assert "does not take these weights of the checkpoint: tf_bert_for_question_answering/qa_outputs/" in caplog.text


def test_a_decoder_by_itself_takes_the_embeddings_both_sides_shared(checkpoint: Callable[[str, str], Path]) -> None:
    directory = checkpoint("bart", "seq2seq-lm")
    alone, both = _load(directory, "causal-lm"), _load(directory, "seq2seq-lm")
    theirs = both.state_dict()
    for name, value in alone.state_dict().items():
        assert torch.equal(value, theirs[name]), name


def test_a_base_model_of_seq2seq_starts_its_bias_at_zero(checkpoint: Callable[[str, str], Path]) -> None:
    model = _load(checkpoint("bart", "default"), "seq2seq-lm")
    assert torch.equal(model.final_logits_bias, torch.zeros_like(model.final_logits_bias))


def test_weights_that_are_tied_in_pytorch_and_differ_are_untied(
    checkpoint: Callable[[str, str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    model = _load(checkpoint("mobilebert", "masked-lm"), "masked-lm")
    embeddings = model.mobilebert.embeddings.word_embeddings.weight
    assert not torch.equal(model.cls.predictions.decoder.weight, embeddings)
    assert "are tied in PyTorch; the checkpoint has a weight for each" in caplog.text


def test_without_h5py_the_error_names_the_command(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "Run: pip install h5py" in _refusal(bert)


def test_weights_of_pytorch_come_first(bert: Path) -> None:
    (bert / "tf_model.h5").write_bytes(b"nothing")
    config = transformers.AutoConfig.from_pretrained(bert)
    mine = tiny.build_model(transformers.AutoModel, config)
    mine.save_pretrained(bert)
    assert torch.equal(_load(bert).embeddings.word_embeddings.weight, mine.embeddings.word_embeddings.weight)


def test_weights_of_pytorch_that_cannot_be_read_are_not_replaced(bert: Path) -> None:
    (bert / "pytorch_model.bin.index.json").write_text('{"weight_map": {"a": "gone.bin"}, "metadata": {}}')
    with pytest.raises(OSError, match=r"gone\.bin") as caught:
        _load(bert)
    assert not isinstance(caught.value, TensorFlowCheckpointError)
