"""Value defects in one module of a model with four layers: that module is named, whichever exporter wrote the graph."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir
import onnxruntime
import pytest
import torch
import transformers

import onnx
from transformers_export import tiny
from transformers_export.models.bart.configuration_bart import BartOnnxConfig
from transformers_export.models.bert.configuration_bert import BertOnnxConfig
from transformers_export.models.gpt2.configuration_gpt2 import GPT2OnnxConfig
from transformers_export.models.llama.configuration_llama import LlamaOnnxConfig
from transformers_export.models.t5.configuration_t5 import T5OnnxConfig
from transformers_export.models.vit.configuration_vit import ViTOnnxConfig
from transformers_export.onnx import export, validate
from transformers_export.onnx.locating.graph import run_whole
from transformers_export.onnx.locating.types import Located, NotLocated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transformers_export.onnx.validation.types import ValidationReport

LAYERS = 4
OPSET = 18


@dataclass(frozen=True)
class Family:
    """A small model with four layers."""

    base: Any
    auto: Any
    config: Any
    options: dict[str, Any]

    def build(self) -> tuple[Any, Any, Any]:
        """The model, its preprocessor and its OnnxConfig."""
        config = tiny.shrink(self.base)
        for name in ("num_hidden_layers", "n_layer", "num_layers", "encoder_layers", "decoder_layers"):
            if hasattr(config, name):
                setattr(config, name, LAYERS)
        if hasattr(config, "num_decoder_layers"):
            config.num_decoder_layers = LAYERS
        model = tiny.build_model(self.auto, config)
        return model, tiny.make_preprocessor(config, model), self.config(model.config, **self.options)


WITH_PAST = {"task": "causal-lm", "use_past": True}
FAMILIES = {
    "bert": Family(transformers.BertConfig(), transformers.AutoModel, BertOnnxConfig, {}),
    "gpt2": Family(transformers.GPT2Config(), transformers.AutoModelForCausalLM, GPT2OnnxConfig, WITH_PAST),
    "llama": Family(transformers.LlamaConfig(), transformers.AutoModelForCausalLM, LlamaOnnxConfig, WITH_PAST),
    "t5": Family(transformers.T5Config(), transformers.AutoModelForSeq2SeqLM, T5OnnxConfig, {"task": "seq2seq-lm"}),
    "bart": Family(
        transformers.BartConfig(), transformers.AutoModelForSeq2SeqLM, BartOnnxConfig, {"task": "seq2seq-lm"}
    ),
    "vit": Family(transformers.ViTConfig(), transformers.AutoModel, ViTOnnxConfig, {}),
}


def _epsilon(module: Any, *given: Any) -> Any:
    return torch.nn.functional.layer_norm(*given, module.normalized_shape, module.weight, module.bias, 1e-3)


def _no_bias(module: Any, hidden: Any) -> Any:
    return type(module).forward(module, hidden) - module.bias


def _no_mask(module: Any, hidden: Any, *_: Any, **named: Any) -> Any:
    return type(module).forward(module, hidden, **{**named, "attention_mask": None})


def _skipped(module: Any, hidden: Any, *_: Any, **__: Any) -> Any:
    return hidden


def _scaled(module: Any, *given: Any, **named: Any) -> Any:
    result = type(module).forward(module, *given, **named)
    return result * 1.05 if isinstance(result, torch.Tensor) else (result[0] * 1.05, *result[1:])


def _rotated_the_other_way(module: Any, *given: Any, **named: Any) -> Any:
    cosine, sine = named["position_embeddings"]
    return type(module).forward(module, *given, **{**named, "position_embeddings": (cosine, -sine)})


def _one_position(module: Any, input_ids: Any, **named: Any) -> Any:
    return type(module).forward(module, input_ids, **{**named, "position_ids": torch.zeros(1, 1, dtype=torch.long)})


@dataclass(frozen=True)
class Defect:
    """Another computation in one module, while it is captured."""

    family: str
    module: str
    forward: Callable[..., Any]
    exporters: tuple[str, ...] = ("legacy",)


BOTH = ("legacy", "dynamo")
DEFECTS = (
    Defect("bert", "encoder.layer.2.attention.output.LayerNorm", _epsilon, BOTH),
    Defect("bert", "encoder.layer.1.attention.self", _no_mask, BOTH),
    Defect("bert", "encoder.layer.2", _skipped),
    Defect("bert", "embeddings", _one_position),
    Defect("gpt2", "transformer.h.1.mlp.c_fc", _no_bias, BOTH),
    Defect("gpt2", "transformer.h.3", _skipped),
    Defect("llama", "model.layers.3.self_attn", _rotated_the_other_way, BOTH),
    Defect("llama", "model.layers.0.mlp", _scaled),
    Defect("t5", "decoder.block.1.layer.1", _scaled),
    Defect("t5", "encoder.block.2.layer.1.DenseReluDense.wo", _scaled, BOTH),
    Defect("bart", "model.decoder.layers.3.encoder_attn", _scaled),
    Defect("vit", "layers.1.mlp.fc1", _no_bias),
)


@contextmanager
def _computing(module: torch.nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    def replaced(*given: Any, **named: Any) -> Any:
        return forward(module, *given, **named)

    replaced.__signature__ = inspect.signature(type(module).forward)  # type: ignore[attr-defined]
    module.forward = replaced  # type: ignore[method-assign]
    try:
        yield
    finally:
        del module.forward


def _planted(defect: Defect, exporter: str, path: Path) -> ValidationReport:
    model, preprocessor, config = FAMILIES[defect.family].build()
    with _computing(model.get_submodule(defect.module), defect.forward):
        export(preprocessor, model, config, OPSET, path, exporter=exporter)  # type: ignore[arg-type]
    return validate(config, preprocessor, model, path, opset=OPSET)


@pytest.mark.parametrize(
    ("defect", "exporter"),
    [
        pytest.param(defect, exporter, id=f"{defect.family}-{defect.module}-{defect.forward.__name__}-{exporter}")
        for defect in DEFECTS
        for exporter in defect.exporters
    ],
)
def test_the_module_that_computes_something_else_is_named(defect: Defect, exporter: str, tmp_path: Path) -> None:
    report = _planted(defect, exporter, tmp_path / "model.onnx")
    assert "values" in {check.name for check in report.checks if check.outcome == "failed"}
    assert isinstance(report.located, Located), report.located
    assert report.located.module == defect.module


def test_an_edited_graph_with_weights_beside_it_names_operator_line_and_growth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers_export.onnx.config.EXTERNAL_DATA_LIMIT", 1000)
    model, preprocessor, config = FAMILIES["bert"].build()
    path = tmp_path / "model.onnx"
    export(preprocessor, model, config, OPSET, path, exporter="legacy")
    assert validate(config, preprocessor, model, path, opset=OPSET).located is None
    graph = onnx.load(path, load_external_data=False)
    name = "/model/encoder/layer.2/output/LayerNorm/LayerNormalization"
    norm = next(node for node in graph.graph.node if node.name == name)
    next(attribute for attribute in norm.attribute if attribute.name == "epsilon").f = 1e-3
    path.write_bytes(graph.SerializeToString())
    report = validate(config, preprocessor, model, path, opset=OPSET)
    located = report.located
    assert isinstance(located, Located), located
    assert (located.module, located.class_name) == ("encoder.layer.2.output.LayerNorm", "LayerNorm")
    assert (located.operator, located.node) == ("LayerNormalization", name)
    assert Path(located.file).name == "modeling_bert.py"
    assert "LayerNorm(" in Path(located.file).read_text(encoding="utf-8").splitlines()[located.line - 1]
    modules = [step.module for step in located.growth]
    here = modules.index(located.module)
    assert all(step.share < 0.5 for step in located.growth[:here])
    assert all(step.share > 1 for step in located.growth[here:])
    assert len({step.module.split(".")[2] for step in located.growth if step.module.startswith("encoder.layer.")}) == 4
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.onnx", "model.onnx.data"]


def test_the_whole_graph_runs_from_memory_with_weights_beside_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A temporary file that is still open cannot be opened again on Windows: there is none."""
    monkeypatch.setattr("transformers_export.onnx.config.EXTERNAL_DATA_LIMIT", 1000)
    model, preprocessor, config = FAMILIES["bert"].build()
    path = tmp_path / "model.onnx"
    export(preprocessor, model, config, OPSET, path, exporter="legacy")
    seen: list[tuple[type, list[str]]] = []
    real = onnxruntime.InferenceSession

    def watched(source: Any, *rest: Any, **named: Any) -> Any:
        seen.append((type(source), sorted(file.name for file in tmp_path.iterdir())))
        return real(source, *rest, **named)

    monkeypatch.setattr(onnxruntime, "InferenceSession", watched)
    inputs = {name: np.ones((2, 4), dtype=np.int64) for name in config.inputs}
    values = run_whole(onnx_ir.load(path), path, inputs, [name for name, _ in model.named_modules()])
    assert len(values) > 100
    assert seen == [(bytes, ["model.onnx", "model.onnx.data"])]


def test_a_graph_that_does_not_run_whole_fails_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise RuntimeError("no")

    model, preprocessor, config = FAMILIES["bert"].build()
    path = tmp_path / "model.onnx"
    export(preprocessor, model, config, OPSET, path, exporter="legacy")
    monkeypatch.setattr("transformers_export.onnx.locating.graph.run_whole", refuse)
    report = validate(config, preprocessor, model, path, opset=OPSET, atol=1e-12)
    assert not report.passed
    assert isinstance(report.located, NotLocated)
    assert "RuntimeError: no" in report.located.why
