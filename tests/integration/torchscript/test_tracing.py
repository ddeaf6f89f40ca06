"""trace(), save(), load() and export() with real models: names, weights, options, and a model left as it was."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers

from support.traced import ONNX, SOURCE, Small, small, with_torch_alone, without
from transformers_export import torchscript
from transformers_export.onnx.inputs import Sizes
from transformers_export.torchscript import declare, export, load, pad_to, save, trace, validate
from transformers_export.torchscript.convert import example_inputs
from transformers_export.torchscript.loading import SizeError
from transformers_export.torchscript.weights import tied_names

if TYPE_CHECKING:
    from pathlib import Path

    from transformers_export.onnx.validation.types import ValidationReport

SIZES = Sizes(batch=2, sequence=8)
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")


@pytest.fixture(scope="module")
def bert() -> Small:
    """BERT with its masked-language head: two pairs of tied weights."""
    return small("bert", "masked-lm")


@pytest.fixture(scope="module")
def inputs(bert: Small) -> dict[str, torch.Tensor]:
    return example_inputs(bert.preprocessor, bert.model, bert.config, SIZES)


def _figures(report: ValidationReport) -> dict[str, Any]:
    return {check.name: (check.outcome, check.figure) for check in report.checks}


def _state(model: Any) -> dict[str, Any]:
    """All of a model that a trace could have touched."""
    return {
        "weights": {name: (tensor.clone(), tensor.data_ptr()) for name, tensor in model.state_dict().items()},
        "gradients": {name: (each.requires_grad, each.grad) for name, each in model.named_parameters()},
        "training": {name: module.training for name, module in model.named_modules()},
        "hooks": {
            name: tuple(
                len(getattr(module, kind)) for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
            )
            for name, module in model.named_modules()
        },
        "attributes": {name: set(vars(module)) for name, module in model.named_modules()},
        "config": model.config.to_dict(),
        "tied": tied_names(model),
    }


def _same(before: dict[str, Any], after: dict[str, Any]) -> None:
    weights = before.pop("weights"), after.pop("weights")
    assert before == after
    assert weights[0].keys() == weights[1].keys()
    for name, (tensor, place) in weights[0].items():
        assert torch.equal(tensor, weights[1][name][0])
        assert place == weights[1][name][1]


@pytest.mark.parametrize(
    "options",
    [{}, {"tied_weights": "cloned"}, {"freeze": True}, {"optimize_for_inference": True}, {"fixed": True}],
    ids=lambda options: next(iter(options), "plain"),
)
def test_the_model_is_left_as_it_was(options: dict[str, Any], tmp_path: Path) -> None:
    one = small("gpt2", "causal-lm")
    one.model.train()
    one.model.transformer.h[0].eval()
    one.model.lm_head.weight.requires_grad_(False)
    one.model.transformer.wte.register_forward_hook(lambda *_: None)
    one.model.config.use_cache = True
    before = _state(one.model)
    export(one.preprocessor, one.model, one.config, tmp_path, **options)
    _same(before, _state(one.model))


def test_a_trace_that_fails_leaves_the_model_as_it_was_too(bert, inputs):
    before = _state(bert.model)
    with pytest.raises(TypeError, match=r"Expected the tracer to return a torch\.jit\.ScriptModule, got int"):
        trace(bert.model, inputs, config=bert.config, tracer=lambda *_: 3)
    _same(before, _state(bert.model))


def test_the_trace_does_not_follow_the_model_and_keeps_no_gradient(inputs):
    one = small("bert", "masked-lm")
    traced = trace(one.model, inputs, config=one.config)
    before = traced(**inputs)["logits"]
    with torch.no_grad():
        for parameter in one.model.parameters():
            parameter.add_(1)
    assert torch.equal(traced(**inputs)["logits"], before)
    assert not before.requires_grad
    assert not any(parameter.requires_grad for parameter in traced.module.parameters())


@pytest.mark.parametrize(("mode", "groups"), [("shared", 2), ("cloned", 0)])
def test_tied_weights_are_shared_or_cloned_and_the_manifest_says_which(bert, inputs, tmp_path, mode, groups):
    save(trace(bert.model, inputs, config=bert.config, tied_weights=mode), tmp_path)
    loaded = load(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["tied_weights"] == mode
    assert ["bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"] in manifest["tied"]
    assert len(tied_names(loaded.module)) == groups
    report = validate(bert.config, bert.preprocessor, bert.model, tmp_path)
    assert _figures(report)["weights"] == ("passed", 0.0)
    assert report.max_difference == 0


def test_cloned_weights_take_their_room_in_the_file(bert, inputs, tmp_path):
    files = [
        save(trace(bert.model, inputs, config=bert.config, tied_weights=mode), tmp_path / f"{mode}.pt")
        for mode in ("shared", "cloned")
    ]
    table = bert.model.bert.embeddings.word_embeddings.weight
    assert files[1].stat().st_size - files[0].stat().st_size >= table.numel() * table.element_size()


@pytest.mark.parametrize("option", ["freeze", "optimize_for_inference"])
@pytest.mark.parametrize("model_type", ["bert", "t5"])
def test_frozen_and_optimized_traces_are_validated_after(tmp_path, option, model_type):
    one = small(model_type)
    traced = export(one.preprocessor, one.model, one.config, tmp_path, **{option: True})
    assert list(load(tmp_path).module.parameters()) == []
    assert (traced.manifest.frozen, traced.manifest.optimized) == (True, option == "optimize_for_inference")
    report = validate(one.config, one.preprocessor, one.model, tmp_path)
    assert report.passed, report.checks
    assert report.max_difference is not None
    assert report.max_difference < 1e-5


def test_what_torch_would_write_and_cannot_read_is_refused_before_it_is_written(tmp_path):
    """Convolutions are rewritten for the machine's own library, and the file would lack their weights."""
    vit = small("vit", "image-classification")
    with pytest.raises(ValueError, match="Leave optimize_for_inference out and take freeze"):
        export(vit.preprocessor, vit.model, vit.config, tmp_path, optimize_for_inference=True)
    assert list(tmp_path.iterdir()) == []
    export(vit.preprocessor, vit.model, vit.config, tmp_path, freeze=True)
    assert validate(vit.config, vit.preprocessor, vit.model, tmp_path).passed


def test_everything_is_saved_and_nothing_else(bert, tmp_path):
    traced = export(bert.preprocessor, bert.model, bert.config, tmp_path / "new" / "out", sizes=SIZES)
    saved = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert {"model.pt", "manifest.json", "config.json", "tokenizer.json", "tokenizer_config.json"} <= saved
    assert not any(name.startswith(".") for name in saved)
    manifest = torchscript.read_manifest(tmp_path / "new" / "out")
    assert manifest == traced.manifest
    assert manifest.to_json() == (tmp_path / "new" / "out" / "manifest.json").read_text()
    assert manifest.versions["torch"] == torch.__version__
    assert manifest.versions["transformers"] == transformers.__version__
    assert [(each.name, each.dtype, each.shape) for each in manifest.inputs] == [
        ("input_ids", "int64", (2, 8)),
        ("attention_mask", "int64", (2, 8)),
        ("token_type_ids", "int64", (2, 8)),
    ]
    assert [(each.name, each.shape, each.kinds) for each in manifest.outputs] == [
        ("logits", (2, 8, bert.model.config.vocab_size), {0: "batch", 1: "sequence"})
    ]
    assert type(transformers.AutoConfig.from_pretrained(tmp_path / "new" / "out")) is type(bert.model.config)
    assert len(transformers.AutoTokenizer.from_pretrained(tmp_path / "new" / "out")) == len(bert.preprocessor)


def test_saving_again_replaces_and_a_failed_one_leaves_what_was_there(bert, inputs, tmp_path, monkeypatch):
    export(bert.preprocessor, bert.model, bert.config, tmp_path)
    export(bert.preprocessor, bert.model, bert.config, tmp_path, tied_weights="cloned")
    assert load(tmp_path).manifest.tied_weights == "cloned"
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    class Refuses:
        def save_pretrained(self, folder: Path) -> None:
            (folder / "tokenizer.json").write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        save(trace(bert.model, inputs, config=bert.config), tmp_path, preprocessor=Refuses())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_names_are_restored_with_torch_alone(bert, inputs, tmp_path):
    save(trace(bert.model, inputs, config=bert.config), tmp_path / "model.pt")
    torch.save(inputs, tmp_path / "inputs.pt")
    script = (
        "import torch\n"
        "from transformers_export.torchscript import load\n"
        "outputs = load(sys.argv[1])(**torch.load(sys.argv[2]))\n"
        "torch.save(outputs, sys.argv[3])\n"
        "loaded = {name.partition('.')[0] for name in sys.modules if sys.modules[name] is not None}\n"
        "assert not {'transformers', 'onnx'} & loaded\n"
    )
    with_torch_alone(script, tmp_path / "model.pt", tmp_path / "inputs.pt", tmp_path / "outputs.pt")
    outputs = torch.load(tmp_path / "outputs.pt")
    assert list(outputs) == ["logits"]
    with torch.no_grad():
        assert torch.equal(outputs["logits"], bert.model(**inputs).logits)


def test_tracing_and_validating_need_nothing_of_onnx(tmp_path):
    script = (
        "import warnings\nwarnings.simplefilter('ignore')\n"
        f"sys.path.insert(0, {str(SOURCE.parent / 'tests')!r})\n"
        "from support.traced import small\n"
        "from transformers_export.torchscript import export, validate\n"
        "one = small('gpt2', 'causal-lm-with-past')\n"
        "export(one.preprocessor, one.model, one.config, sys.argv[1])\n"
        "print(validate(one.config, one.preprocessor, one.model, sys.argv[1]).passed)\n"
    )
    assert without(ONNX, script, tmp_path) == "True\n"


def test_the_traced_function_itself_has_the_names_as_parameters(bert, inputs):
    module = trace(bert.model, inputs, config=bert.config).module
    assert [each.name for each in module.forward.schema.arguments] == ["self", *inputs]
    assert torch.equal(module(*inputs.values())[0], module(**inputs)[0])


def test_with_past_the_cache_is_flat_tensors_in_and_out():
    gpt2 = small("gpt2", "causal-lm-with-past")
    given = example_inputs(gpt2.preprocessor, gpt2.model, gpt2.config, Sizes())
    outputs = trace(gpt2.model, given, config=gpt2.config)(**given)
    assert "past_key_values.0.key" in given
    assert outputs["present.0.key"].shape[2] == given["past_key_values.0.key"].shape[2] + given["input_ids"].shape[1]


def test_a_fixed_trace_takes_its_own_size_alone_and_pad_to_the_smaller_ones(bert, inputs, tmp_path):
    save(trace(bert.model, inputs, config=bert.config, fixed=True), tmp_path)
    loaded = load(tmp_path)
    less = {name: tensor[:1, :5] for name, tensor in inputs.items()}
    with pytest.raises(SizeError, match=r"fixed at input_ids \[2, 8\].*pad_to pads smaller inputs"):
        loaded(**less)
    with torch.no_grad():
        expected = bert.model(**less).logits
    assert torch.allclose(pad_to(loaded, less)["logits"], expected, atol=1e-5)
    report = validate(bert.config, bert.preprocessor, bert.model, tmp_path)
    assert report.passed
    found = _figures(report)
    assert found["axes"][0] == "advice"
    assert found["padding"][0] == "passed"
    assert 0 <= found["padding"][1] <= 1


@pytest.mark.parametrize(
    ("feature", "sizes"),
    [
        ("causal-lm-with-past", Sizes(batch=1, sequence=4, past=6)),
        ("causal-lm-with-past", Sizes(batch=1, sequence=1, past=6)),
        ("seq2seq-lm-with-past", Sizes(batch=2, sequence=9, decoder=3, past=6)),
    ],
)
def test_a_fixed_trace_with_past_decodes_one_step(feature, sizes, tmp_path):
    one = small("gpt2" if feature.startswith("causal") else "t5", feature)
    export(one.preprocessor, one.model, one.config, tmp_path, sizes=sizes, fixed=True)
    report = validate(one.config, one.preprocessor, one.model, tmp_path)
    assert report.passed, report.checks
    step = sizes.sequence if feature.startswith("causal") else sizes.decoder
    assert report.checks[-1].detail.startswith(f"6 tokens prefilled, {step} decoded")


def test_neuron_goes_the_same_way_with_its_own_tracer_and_is_fixed(bert, inputs, tmp_path):
    """Recorded, not compiled: no Neuron hardware and no SDK is here."""
    calls: list[tuple[Any, tuple[torch.Tensor, ...]]] = []

    def recording(module: Any, example_inputs: tuple[torch.Tensor, ...]) -> Any:
        calls.append((module, example_inputs))
        return torch.jit.trace(module, example_inputs, check_trace=False)

    traced = trace(bert.model, inputs, config=bert.config, target="neuron", tracer=recording)
    ((_, example),) = calls
    assert [tuple(tensor.shape) for tensor in example] == [(2, 8)] * 3
    assert (traced.manifest.target, traced.manifest.fixed) == ("neuron", True)
    with pytest.raises(SizeError, match="fixed at"):
        traced(**{name: tensor[:, :4] for name, tensor in inputs.items()})
    with torch.no_grad():
        assert torch.equal(traced(**inputs)["logits"], bert.model(**inputs).logits)
    save(traced, tmp_path)
    with pytest.raises(RuntimeError, match="needs AWS's Neuron SDK"):
        load(tmp_path)
    with pytest.raises(RuntimeError, match="needs AWS's Neuron SDK"):
        trace(bert.model, inputs, config=bert.config, target="neuron")


@pytest.mark.parametrize("option", ["freeze", "optimize_for_inference"])
def test_neuron_excludes_what_its_compiler_does_itself(bert, inputs, option):
    with pytest.raises(ValueError, match="leave freeze and optimize_for_inference out"):
        trace(bert.model, inputs, config=bert.config, target="neuron", tracer=torch.jit.trace, **{option: True})


def test_tensors_at_hand_need_no_configuration(tmp_path):
    bert = small("bert")
    given = {"input_ids": torch.randint(5, 50, (2, 9)), "token_type_ids": torch.zeros(2, 9, dtype=torch.int64)}
    traced = trace(bert.model, given)
    assert traced.manifest.output_names == ("last_hidden_state", "pooler_output")
    with torch.no_grad():
        expected = bert.model(**given)
    assert torch.equal(traced(**given)["pooler_output"], expected.pooler_output)
    save(traced, tmp_path / "bert.pt")
    report = validate(declare(bert.model, given), None, bert.model, tmp_path / "bert.pt")
    assert _figures(report)["axes"] == ("passed", 0.0)
    assert report.max_difference == 0
    assert report.passed


def test_a_list_stands_for_the_first_parameters_of_forward():
    bert = small("bert")
    ids, second = torch.randint(5, 50, (1, 7)), torch.ones(1, 7, dtype=torch.int64)
    assert trace(bert.model, [ids, second]).manifest.input_names == ("input_ids", "attention_mask")
    with pytest.raises(ValueError, match="Expected at most"):
        trace(bert.model, [ids] * 40)


def test_wrong_inputs_are_named(bert, inputs):
    with pytest.raises(ValueError, match=r"The inputs \['token_type_ids'\] are declared and were not given"):
        trace(bert.model, {name: inputs[name] for name in ("input_ids", "attention_mask")}, config=bert.config)
    with pytest.raises(ValueError, match=r"declares the inputs \['colour'\], which BertForMaskedLM\.forward\(\)"):
        trace(bert.model, {**inputs, "colour": inputs["input_ids"]})
    with pytest.raises(ValueError, match="Past key values need a configuration"):
        trace(bert.model, {**inputs, "past_key_values.0.key": inputs["input_ids"]})
    with pytest.raises(ValueError, match=r"The model does not take input_ids \[2, 4000\]"):
        export(bert.preprocessor, bert.model, bert.config, "never", sizes=dataclasses.replace(SIZES, sequence=4000))


def test_half_precision_is_traced_and_bfloat16_is_not_validated(bert, tmp_path):
    half = copy.deepcopy(bert.model).to(torch.bfloat16)
    traced = export(bert.preprocessor, half, bert.config, tmp_path)
    assert traced.manifest.outputs[0].dtype == "bfloat16"
    with pytest.raises(ValueError, match=r"no bfloat16: call model\.float\(\) first"):
        validate(bert.config, bert.preprocessor, half, tmp_path)
