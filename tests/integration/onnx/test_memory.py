"""What lies in memory while a file is validated: not the checkpoint's weights beside the graph's."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import transformers

from transformers_export import tiny
from transformers_export.onnx import FeaturesManager, export, validate
from transformers_export.onnx.validation import runs

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pages are given back on Linux alone")


def _in_memory(path: Path) -> int:
    """Bytes of a mapped file that count for this process now."""
    text = Path("/proc/self/smaps").read_text(encoding="utf-8")
    return sum(int(size) << 10 for size in re.findall(rf"{re.escape(str(path))}\n(?:.*\n)*?Rss: +(\d+) kB", text))


def test_the_checkpoint_is_out_of_memory_when_the_graph_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny.shrink(transformers.ViTConfig())
    config.hidden_size, config.intermediate_size = 256, 20_000
    built = tiny.build_model(transformers.AutoModelForImageClassification, config)
    built.save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    assert weights.stat().st_size > 80e6
    model = transformers.AutoModelForImageClassification.from_pretrained(tmp_path).eval()
    onnx_config = FeaturesManager.get_config("vit", "image-classification")(model.config)
    preprocessor = tiny.make_preprocessor(model.config, model)
    export(preprocessor, model, onnx_config, 18, tmp_path / "model.onnx", exporter="legacy")
    assert _in_memory(weights) > 80e6

    seen: list[int] = []
    run_graph = runs.run_graph

    def looking(session: Any, inputs: Mapping[str, Any]) -> Any:
        seen.append(_in_memory(weights))
        return run_graph(session, inputs)

    monkeypatch.setattr(runs, "run_graph", looking)
    report = validate(onnx_config, preprocessor, model, tmp_path / "model.onnx")
    assert report.passed, report.checks
    assert len(seen) == 3
    assert max(seen) < 1e6
