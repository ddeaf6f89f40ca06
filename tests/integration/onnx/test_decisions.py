"""Where Python decides by a length or a value: which line it was is said, and the file is right or refused."""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
from typing import TYPE_CHECKING, Any

import onnxruntime
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.models.distilbert.configuration_distilbert import DistilBertOnnxConfig
from transformers_export.onnx import FeaturesManager, export, validate
from transformers_export.onnx.command import main
from transformers_export.onnx.exporters.branches import BranchError
from transformers_export.onnx.exporters.remarks import collecting
from transformers_export.torchscript import trace

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.onnx.exporters import ExporterName

DECIDING = """
import torch
from transformers import DistilBertModel


class Base(DistilBertModel):
    def forward(self, input_ids=None, attention_mask=None, **options):
        found = super().forward(input_ids=input_ids, attention_mask=attention_mask, **options)
        found.last_hidden_state = self.changed(input_ids, found.last_hidden_state)
        return found


class ByValue(Base):
    def changed(self, ids, states):
        if ids.sum() > 10_000:
            return states * 2
        return states


class ByItem(Base):
    def changed(self, ids, states):
        return states * 2 if ids.max().item() > 90 else states


class ByLength(Base):
    def changed(self, ids, states):
        if ids.shape[1] > 20:
            return states * 2
        return states


class Frozen(Base):
    def changed(self, ids, states):
        return states + torch.arange(int(ids.shape[1])).reshape(1, -1, 1).float().expand(1, int(ids.shape[1]), 1)

"""
LINES = {
    "ByValue": "if ids.sum() > 10_000:",
    "ByItem": "return states * 2 if ids.max().item() > 90 else states",
    "ByLength": "if ids.shape[1] > 20:",
}


@pytest.fixture
def deciding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "modeling_deciding.py").write_text(DECIDING)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("acme", "acme.modeling_deciding"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("acme.modeling_deciding")


@pytest.fixture
def one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Captures take one way through every module, as they do through those that have weights."""
    monkeypatch.setattr("transformers_export.onnx.branches.every_way", lambda model: contextlib.nullcontext())


def _line(name: str) -> str:
    return f"acme/modeling_deciding.py:{DECIDING.splitlines().index(_indented(name)) + 1}"


def _indented(name: str) -> str:
    return next(line for line in DECIDING.splitlines() if line.strip() == LINES[name])


def _small(model_class: Any) -> Any:
    return tiny.build_model(model_class, tiny.shrink(transformers.DistilBertConfig()))


def _export(model: Any, config: Any, path: Path, exporter: ExporterName) -> list[str]:
    preprocessor = tiny.make_preprocessor(model.config, model)
    with collecting() as remarks:
        export(preprocessor, model, config, 18, path, exporter=exporter)
    return [str(remark) for remark in remarks]


@pytest.mark.parametrize("name", ["ByValue", "ByItem"])
def test_dynamo_says_which_line_decides_by_a_value(name: str, deciding: Any, tmp_path: Path) -> None:
    model = _small(getattr(deciding, name))
    with pytest.raises(BranchError) as caught:
        _export(model, DistilBertOnnxConfig(model.config), tmp_path / "model.onnx", "dynamo")
    assert str(caught.value).startswith(f"{_line(name)} decides in Python by a value")
    assert f"`{LINES[name]}`" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "legacy exporter" in str(caught.value)


def _dynamic_rope(model_type: str, **sizes: Any) -> Any:
    config = transformers.AutoConfig.for_model(
        model_type,
        vocab_size=100,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        pad_token_id=0,
        eos_token_id=2,
        **sizes,
    )
    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


DYNAMIC = {"max_position_embeddings": 16, "rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}}


@pytest.mark.usefixtures("one_way")
@pytest.mark.parametrize("model_type", ["llama", "qwen2"])
def test_dynamo_names_the_line_of_transformers_that_decides_by_the_length(model_type: str, tmp_path: Path) -> None:
    model = _dynamic_rope(model_type, **DYNAMIC)
    config = FeaturesManager.get_config(model_type, "causal-lm")(model.config)
    with pytest.raises(BranchError, match=r"^transformers/modeling_rope_utils\.py:\d+ decides .*`if seq_len > "):
        _export(model, config, tmp_path / "model.onnx", "dynamo")


@pytest.mark.usefixtures("one_way")
@pytest.mark.parametrize("model_type", ["llama", "qwen2"])
def test_the_tracers_warning_names_the_line_that_decides_by_the_length(model_type: str, tmp_path: Path) -> None:
    model = _dynamic_rope(model_type, **DYNAMIC)
    config = FeaturesManager.get_config(model_type, "causal-lm")(model.config)
    remarks = _export(model, config, tmp_path / "model.onnx", "legacy")
    assert any(one.startswith("transformers/modeling_rope_utils.py:") and "`if seq_len > " in one for one in remarks)
    assert not any("masking_utils" in one for one in remarks)


@pytest.mark.parametrize("name", ["ByValue", "ByItem"])
def test_a_trace_names_the_line_too(name: str, deciding: Any) -> None:
    model = _small(getattr(deciding, name))
    ids = torch.ones(2, 8, dtype=torch.long)
    with collecting() as remarks:
        trace(model, {"input_ids": ids, "attention_mask": ids})
    assert [one for one in remarks if str(one).startswith(_line(name))]


@pytest.mark.parametrize("name", ["ByLength"])
def test_a_guard_names_the_line_that_decides_by_the_length(name: str, deciding: Any, tmp_path: Path) -> None:
    model = _small(getattr(deciding, name))
    config = DistilBertOnnxConfig(model.config)
    remarks = _export(model, config, tmp_path / "model.onnx", "dynamo")
    assert [one for one in remarks if one.startswith(_line(name)) and f"`{LINES[name]}`" in one]
    preprocessor = tiny.make_preprocessor(model.config, model)
    assert not validate(config, preprocessor, model, tmp_path / "model.onnx").passed


def test_a_guard_names_the_line_that_freezes_an_axis(deciding: Any, tmp_path: Path) -> None:
    model = _small(deciding.Frozen)
    remarks = _export(model, DistilBertOnnxConfig(model.config), tmp_path / "model.onnx", "dynamo")
    assert [one for one in remarks if "int(ids.shape[1])" in one]


@pytest.mark.parametrize("exporter", ["dynamo", "legacy"])
def test_a_model_that_decides_nothing_has_no_remarks(exporter: ExporterName, tmp_path: Path) -> None:
    model = _small(transformers.DistilBertModel)
    assert _export(model, DistilBertOnnxConfig(model.config), tmp_path / "model.onnx", exporter) == []


LONG = {
    "max_position_embeddings": 64,
    "original_max_position_embeddings": 16,
    "rope_parameters": {
        "rope_type": "longrope",
        "rope_theta": 1e4,
        "short_factor": [1.0] * 4,
        "long_factor": [4.0] * 4,
        "original_max_position_embeddings": 16,
        "factor": 4.0,
    },
}


@pytest.mark.parametrize("model_type", ["phi3", "llama"])
def test_capturing_leaves_nothing_on_a_model_that_keeps_tensors_of_its_own(model_type: str, tmp_path: Path) -> None:
    """Both sets of factors are in the file, and what forward() kept while it was captured is no longer on the model."""
    model = _dynamic_rope(model_type, **LONG)
    config = FeaturesManager.get_config(model_type, "causal-lm")(model.config)
    _export(model, config, tmp_path / "model.onnx", "dynamo")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for length in (9, 40):
        ids = torch.randint(3, 90, (2, length), generator=torch.Generator().manual_seed(length))
        mask = torch.ones_like(ids)
        with torch.no_grad():
            expected = model(input_ids=ids, attention_mask=mask).logits.numpy()
        (logits,) = session.run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
        assert abs(logits - expected).max() < 1e-4


@pytest.fixture
def only_under_export(deciding: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of a model whose dynamo file is wrong and whose legacy file is right."""
    model = _small(transformers.DistilBertModel)
    directory = tmp_path / "checkpoint"
    tiny.save_checkpoint(model, tiny.make_preprocessor(model.config, model), directory)
    monkeypatch.setattr(
        "transformers.models.distilbert.modeling_distilbert.DistilBertModel.forward", _wrong_under_export()
    )
    return directory


def _wrong_under_export() -> Any:
    forward = transformers.DistilBertModel.forward

    def changed(self: Any, input_ids: Any = None, attention_mask: Any = None, **options: Any) -> Any:
        found = forward(self, input_ids=input_ids, attention_mask=attention_mask, **options)
        if torch.compiler.is_exporting():
            found.last_hidden_state = found.last_hidden_state * 2
        return found

    return changed


def test_auto_tries_the_second_exporter_where_the_first_file_is_wrong(
    only_under_export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--model", str(only_under_export), "--exporter", "auto", str(tmp_path / "out")])
    said = capsys.readouterr().out
    assert code == 0, said
    assert "The file is the legacy exporter's. The dynamo exporter failed: values failed: " in said
    assert (tmp_path / "out" / "model.onnx").is_file()


def test_a_failed_check_shows_the_line_of_the_model(
    deciding: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _small(transformers.DistilBertModel)
    tiny.save_checkpoint(model, tiny.make_preprocessor(model.config, model), tmp_path / "checkpoint")
    monkeypatch.setattr(transformers.DistilBertModel, "changed", deciding.ByLength.changed, raising=False)
    monkeypatch.setattr(transformers.DistilBertModel, "forward", _after_forward())
    code = main(["--model", str(tmp_path / "checkpoint"), str(tmp_path / "out")])
    said = capsys.readouterr().out
    assert code == 1, said
    assert f"Likely cause: {_line('ByLength')}: Python decides by the length of an axis" in said


def _after_forward() -> Any:
    forward = transformers.DistilBertModel.forward

    def changed(self: Any, input_ids: Any = None, attention_mask: Any = None, **options: Any) -> Any:
        found = forward(self, input_ids=input_ids, attention_mask=attention_mask, **options)
        found.last_hidden_state = self.changed(input_ids, found.last_hidden_state)
        return found

    return changed


@pytest.mark.usefixtures("one_way")
@pytest.mark.parametrize("verbose", [False, True])
def test_torchs_graphs_are_shown_only_when_asked_for(
    verbose: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = _dynamic_rope("phi3", **LONG)
    tiny.save_checkpoint(model, tiny.make_preprocessor(model.config, model), tmp_path / "checkpoint")
    arguments = ["--model", str(tmp_path / "checkpoint"), "--feature", "causal-lm", "--exporter", "legacy"]
    level = logging.getLogger("transformers_export.onnx").level
    assert main([*arguments, *(["--verbose"] if verbose else []), str(tmp_path / "out")]) == 1
    said = "".join(capfd.readouterr())
    assert ("Torch IR graph" in said, "Traceback" in said) == (verbose, verbose)
    assert (said.count("\n") > 100) == verbose
    assert logging.getLogger("transformers_export.onnx").level == level
