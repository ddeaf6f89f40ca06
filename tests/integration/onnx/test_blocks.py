"""Models that work in blocks of tokens: right below one block, at blocks, and between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnxruntime
import pytest
import torch
import transformers

from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {"vocab_size": 100, "num_layers": 2, "num_heads": 4, "d_model": 32, "d_kv": 8, "d_ff": 64}


@pytest.mark.parametrize(
    ("kind", "exporter", "block", "radius", "feature"),
    [
        ("local", "legacy", 4, 7, "seq2seq-lm"),  # captured at one whole window
        ("transient-global", "legacy", 4, 5, "seq2seq-lm"),
        ("transient-global", "legacy", 16, 127, "seq2seq-lm"),
        ("transient-global", "legacy", 4, 7, "default"),
        ("transient-global", "dynamo", 4, 5, "seq2seq-lm"),
    ],
)
def test_longt5(kind: str, exporter: Any, block: int, radius: int, feature: str, tmp_path: Path) -> None:
    config = transformers.LongT5Config(
        encoder_attention_type=kind, global_block_size=block, local_radius=radius, **SMALL
    )
    auto = FeaturesManager.get_model_class_for_feature(feature, model_type="longt5")
    model: Any = tiny.build_model(auto, config)
    onnx_config = FeaturesManager.get_config("longt5", feature)(model.config)
    preprocessor = tiny.make_preprocessor(model.config, model)
    export(preprocessor, model, onnx_config, 18, tmp_path / "model.onnx", exporter=exporter)

    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for length in (1, block - 1, block, 2 * block + 1, 150):
        ids = torch.randint(3, 100, (2, length), generator=torch.Generator().manual_seed(length))
        mask = torch.ones_like(ids)
        mask[0, length // 2 + 1 :] = 0
        given = {"input_ids": ids, "attention_mask": mask, "decoder_input_ids": ids[:, :3]}
        given["decoder_attention_mask"] = torch.ones_like(ids[:, :3])
        with torch.no_grad():
            expected = model(**given)[0].numpy()
        taken = {value.name: given[value.name].numpy() for value in session.get_inputs()}
        actual = session.run(None, taken)[0]
        assert abs(actual - expected).max() < 1e-4 * abs(expected).max(), length
