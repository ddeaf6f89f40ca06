"""Every pair of the first architectures is traced, saved, loaded with torch alone, and gives what the model gave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from support.architectures import FIRST
from support.traced import small, with_torch_alone
from transformers_export.onnx import FeaturesManager
from transformers_export.onnx.flat import prepared
from transformers_export.onnx.inputs import Sizes, make_inputs, template_inputs
from transformers_export.onnx.probing import tied
from transformers_export.torchscript import export

if TYPE_CHECKING:
    from pathlib import Path

    from support.traced import Small

PAIRS = [(model_type, feature) for model_type in FIRST for feature in FeaturesManager.features_of(model_type)]
PROCESSES = 3
OTHER = Sizes(batch=3, sequence=13, decoder=7, past=1, choices=5, padding="right")
SMALLER = Sizes(batch=1, sequence=5, decoder=3, choices=2)
"""Below the traced size, for pad_to; the past is as long as traced."""

LOOK_AHEAD = {("convbert", feature) for feature in FeaturesManager.features_of("convbert")} | {
    ("roformer", "multiple-choice")
}
"""Models whose own values change when they are padded: a convolution over the tokens, a head that reads the last."""

LOAD_ALL = """
import json, pathlib, torch
from transformers_export.torchscript import load, pad_to
for name in sys.argv[1:]:
    folder = pathlib.Path(name)
    loaded = load(folder)
    found = {"outputs": list(loaded.manifest.output_names)}
    for case, (inputs, expected) in torch.load(folder / "cases.pt").items():
        run = pad_to if case == "smaller" else lambda traced, inputs: traced(**inputs)
        outputs = run(loaded, inputs)
        assert list(outputs) == list(expected), (list(outputs), list(expected))
        assert all(outputs[key].shape == expected[key].shape for key in expected), case
        found[case] = max(float((outputs[key] - expected[key]).abs().max()) for key in expected)
    print(json.dumps(found))
assert "transformers_export.onnx" not in sys.modules
"""


def _cases(one: Small) -> dict[str, tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]]:
    """Inputs and the model's own outputs at two sizes it was not traced at; pickled tensors, so no object of ours."""
    cases = {}
    with prepared(one.model, one.config) as flat:
        template = template_inputs(one.config, one.preprocessor, one.model)
        for name, sizes in (("other", OTHER), ("smaller", SMALLER)):
            inputs = make_inputs(one.config, template, tied(flat, one.config, template, sizes), seed=5)
            outputs = flat(*(inputs[key] for key in flat.input_names))
            cases[name] = (inputs, dict(zip(flat.output_names, outputs, strict=True)))
    return cases


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, float]]:
    """What the processes measured, by pair."""
    root = tmp_path_factory.mktemp("pairs")
    folders: list[Path] = []
    for model_type, feature in PAIRS:
        one = small(model_type, feature)
        folders.append(root / f"{model_type}-{feature}")
        export(one.preprocessor, one.model, one.config, folders[-1])
        torch.save(_cases(one), folders[-1] / "cases.pt")
    parts = (folders[start::PROCESSES] for start in range(PROCESSES))
    printed = [with_torch_alone(LOAD_ALL, *part).splitlines() for part in parts]
    return {pair: json.loads(printed[place % PROCESSES][place // PROCESSES]) for place, pair in enumerate(PAIRS)}


def test_all_pairs_of_the_35_architectures_give_exactly_what_the_model_gives(found):
    assert len(found) == len(PAIRS) >= 198
    assert len({model_type for model_type, _ in found}) == 35
    assert {pair: one["other"] for pair, one in found.items() if one["other"] != 0} == {}


def test_pad_to_gives_what_the_model_gives_at_sizes_below_the_traced_one(found):
    assert {pair for pair, one in found.items() if not one["smaller"] < 1e-4} <= LOOK_AHEAD
    within = [one["smaller"] for pair, one in found.items() if pair not in LOOK_AHEAD]
    assert max(within) < 1e-4
    assert len(within) >= 190


def test_the_models_said_to_change_with_padding_do(found):
    assert {pair for pair in LOOK_AHEAD if found[pair]["smaller"] < 1e-4} == set()
