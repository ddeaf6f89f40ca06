"""Models whose positions are computed otherwise beyond a length: the graph does so too, under every exporter."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers
from torch import nn

from support.traced import Small
from transformers_export import tiny, torchscript
from transformers_export.onnx import FeaturesManager, branches, export, validate
from transformers_export.onnx.flat import prepared
from transformers_export.onnx.inputs import Sizes, make_inputs, template_inputs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:.past_key_values. is deprecated:FutureWarning")

OPSET = 18
BASE = {"rope_theta": 10000.0, "factor": 4.0}
LONG = {"long_factor": [1.0 + i / 2 for i in range(64)], "short_factor": [1.0 + i / 99 for i in range(64)]}
LONG |= {"rope_type": "longrope", "original_max_position_embeddings": 4096}
SCALES = {"short_mscale": 1.2, "long_mscale": 1.7}

STRETCHED: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", {"rope_type": "dynamic"}),
    "internlm3": ("InternLM3Config", {"rope_type": "dynamic"}),
    "nomic-bert": ("NomicBertConfig", {"rope_type": "dynamic"}),
    "qwen2": ("Qwen2Config", LONG),
    "phimoe": ("PhimoeConfig", LONG | SCALES),
}


def _small(model_type: str, feature: str) -> Small:
    name, rope = STRETCHED[model_type]
    config = tiny.shrink(getattr(transformers, name)(rope_parameters=BASE | rope))
    model = tiny.build_model(FeaturesManager.get_model_class_for_feature(feature, model_type=model_type), config)
    return Small(
        model, tiny.make_preprocessor(config, model), FeaturesManager.get_config(model_type, feature)(model.config)
    )


def _feature(model_type: str) -> str:
    return "default" if model_type == "nomic-bert" else "causal-lm-with-past"


def _failed(made: Small, path: Path) -> list[str]:
    report = validate(made.config, made.preprocessor, made.model, path)
    return [check.name for check in report.checks if check.outcome != "passed"]


@pytest.mark.parametrize("model_type", STRETCHED)
def test_positions_are_right_beyond_the_length_at_which_they_are_stretched(model_type: str, tmp_path: Path) -> None:
    made = _small(model_type, _feature(model_type))
    export(made.preprocessor, made.model, made.config, OPSET, tmp_path / "model.onnx", exporter="legacy")
    assert _failed(made, tmp_path / "model.onnx") == []


def test_dynamo_follows_them_too(tmp_path: Path) -> None:
    made = _small("phimoe", "default")
    export(made.preprocessor, made.model, made.config, OPSET, tmp_path / "model.onnx", exporter="dynamo")
    assert _failed(made, tmp_path / "model.onnx") == []


@pytest.mark.parametrize("model_type", ["llama", "phimoe"])
def test_a_trace_follows_them_too(model_type: str, tmp_path: Path) -> None:
    made = _small(model_type, "causal-lm")
    torchscript.export(made.preprocessor, made.model, made.config, tmp_path / "model.pt")
    report = torchscript.validate(made.config, made.preprocessor, made.model, tmp_path / "model.pt")
    assert [check for check in report.checks if check.outcome != "passed"] == []


@pytest.mark.parametrize("model_type", ["llama", "nomic-bert"])
def test_positions_that_keep_the_traced_way_fail(
    model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "every_way", lambda model: contextlib.nullcontext())
    made = _small(model_type, _feature(model_type))
    export(made.preprocessor, made.model, made.config, OPSET, tmp_path / "model.onnx", exporter="legacy")
    assert "values" in _failed(made, tmp_path / "model.onnx")


def test_a_model_does_not_remember_a_longer_text() -> None:
    made = _small("llama", "causal-lm")
    template = template_inputs(made.config, made.preprocessor)
    short, long = (make_inputs(made.config, template, Sizes(sequence=length)) for length in (40, 60))
    with prepared(made.model, made.config) as flat:
        first = flat(*short.values())[0]
        flat(*long.values())
        assert torch.equal(flat(*short.values())[0], first)


class _Asking(nn.Module):
    """Three ways, one of which the model itself refuses."""

    def forward(self, tensor: torch.Tensor) -> tuple[torch.Tensor, int]:
        total = tensor.sum()
        if total > 100:
            raise ValueError("too large")
        if total > 10:
            return tensor * 2, 1
        return (tensor * 3 if total < 0 else tensor), 1


@pytest.mark.parametrize(("value", "times"), [(1.0, 1), (20.0, 2), (-5.0, 3)])
def test_every_way_of_a_module_is_in_its_trace(value: float, times: int) -> None:
    model = nn.Sequential(_Asking())
    with branches.every_way(model), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own word on its tracer
        traced = torch.jit.trace(lambda tensor: model(tensor)[0], torch.ones(1), check_trace=False)
    assert "forward" not in vars(model[0])
    assert float(traced(torch.tensor([value]))) == value * times


class _Writing(nn.Module):
    """Writes to what it was given before it decides, as XGLM's positions do in transformers 4."""

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        tensor += 2
        return tensor * 2 if tensor.sum() > 10 else tensor


def test_a_module_that_writes_to_its_input_keeps_the_way_that_it_took() -> None:
    model = nn.Sequential(_Writing())
    with branches.every_way(model):
        result = model(torch.ones(1))
    assert float(result) == 3
