"""Exports an operator that torch cannot translate and transformers' exporter patches; prints what the graph has.

Run by whatever interpreter has transformers 5.13 or later.
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import torch

from transformers_export.onnx.exporters.dynamo import capture
from transformers_export.onnx.flat import FlatModel

AXES = {"values": {0: "batch", 1: "sequence"}}


class Highest(torch.nn.Module):
    """The highest value up to each position."""

    config = None

    def forward(self, values: torch.Tensor, return_dict: bool = True) -> dict[str, torch.Tensor]:
        return {"highest": torch.cummax(values, dim=1)[0]}


if __name__ == "__main__":
    flat = FlatModel(Highest().eval(), SimpleNamespace(inputs=AXES, outputs={"highest": AXES["values"]}))
    graph = capture(flat, {"values": torch.randn(2, 8)}, AXES, 18).graph
    shapes = [[not isinstance(size, int) for size in value.shape] for value in (*graph.inputs, *graph.outputs)]
    names = [value.name for value in (*graph.inputs, *graph.outputs)]
    print(json.dumps({"names": names, "dynamic": shapes, "opset": graph.opset_imports[""]}))
