"""Merged decoders, one file for the first token and the others: both branches are run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import transformers

import onnx
from onnx import TensorProto, helper
from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export
from transformers_export.onnx.validation.validate import validate_foreign

if TYPE_CHECKING:
    from pathlib import Path


def _merge(path: Path, spoiled: str = "") -> None:
    """Put the outputs behind `use_cache_branch`; the `spoiled` branch gives the first of them with its sign changed."""
    model = onnx.load(path)
    graph = model.graph
    names = [value.name for value in graph.output]
    for node in graph.node:
        for values in (node.input, node.output):
            for place, name in enumerate(values):
                values[place] = f"{name}_inner" if name in names else name
    branches = {}
    for branch in ("then", "else"):
        outputs = [onnx.ValueInfoProto() for _ in names]
        for value, outer in zip(outputs, graph.output, strict=True):
            value.CopyFrom(outer)
            value.name = f"{outer.name}_{branch}"
        nodes = [
            helper.make_node(
                "Neg" if branch == spoiled and name == names[0] else "Identity", [f"{name}_inner"], [f"{name}_{branch}"]
            )
            for name in names
        ]
        branches[f"{branch}_branch"] = helper.make_graph(nodes, branch, [], outputs)
    graph.node.append(helper.make_node("If", ["use_cache_branch"], names, **branches))
    graph.input.append(helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1]))
    onnx.save(model, path)


def _exported(model_type: str, path: Path) -> tuple[Any, Any, Any]:
    config = tiny.shrink(transformers.AutoConfig.for_model(model_type))
    model = tiny.build_model(transformers.AutoModelForCausalLM, config)
    onnx_config = FeaturesManager.get_config(model_type, "causal-lm-with-past")(model.config)
    preprocessor = tiny.make_preprocessor(model.config, model)
    export(preprocessor, model, onnx_config, 18, path, exporter="legacy")
    return onnx_config, preprocessor, model


@pytest.mark.parametrize(
    ("model_type", "spoiled"), [("gpt2", ""), ("gpt2", "else"), ("qwen2", ""), ("qwen2", "then"), ("qwen2", "else")]
)
def test_each_branch_of_a_merged_decoder_is_validated(model_type: str, spoiled: str, tmp_path: Path) -> None:
    path = tmp_path / "decoder_model_merged.onnx"
    made = _exported(model_type, path)
    _merge(path, spoiled)
    report = validate_foreign(*made, path)
    failed = {check.name for check in report.checks if check.outcome == "failed"}
    assert report.passed == (not spoiled)
    assert ("values" in failed) == bool(spoiled)
    said = next(check.detail for check in report.checks if check.name == "names")
    assert "use_cache_branch is false where the past is empty" in said
