"""The line of a model that calls an operator which an exporter has no translation for."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.models.distilbert.configuration_distilbert import DistilBertOnnxConfig
from transformers_export.onnx.locating.operators import line_calling


def _svd(self: Any, hidden: Any) -> Any:
    spread = torch.linalg.svdvals(hidden)
    return type(self).forward(self, hidden) * spread.mean()


@pytest.mark.parametrize("operator", ["aten::linalg_svdvals", "aten._linalg_svd.default"], ids=["legacy", "dynamo"])
def test_the_line_that_calls_it_is_found_as_either_exporter_names_it(operator: str) -> None:
    config = tiny.shrink(transformers.DistilBertConfig())
    model = tiny.build_model(transformers.AutoModel, config)
    preprocessor = tiny.make_preprocessor(config, model)
    layer = model.transformer.layer[1].ffn.lin1
    layer.forward = lambda hidden: _svd(layer, hidden)
    onnx_config = DistilBertOnnxConfig(model.config)
    first = inspect.getsourcelines(_svd)[1]
    assert line_calling(operator, model, onnx_config, preprocessor) == (__file__, first + 1, "_svd")
    assert line_calling("aten::cholesky", model, onnx_config, preprocessor) is None
