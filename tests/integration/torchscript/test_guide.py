"""The examples of the old TorchScript guide of transformers, with a tiny checkpoint on disk: traced, saved, used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers

from support.traced import SOURCE, with_torch_alone
from transformers_export import tiny
from transformers_export.torchscript import load, save, trace
from transformers_export.torchscript.quiet import quiet

if TYPE_CHECKING:
    from pathlib import Path

ROUNDING = 1e-6
"""Weights read from a checkpoint may lie in memory unlike the trace's copies, and a sum of floats rounds by that."""

TEXT = "[CLS] Who was Jim Henson ? [SEP] Jim Henson was a puppeteer [SEP]"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("checkpoints") / "tiny-bert"
    config = tiny.shrink(transformers.BertConfig())
    model = tiny.build_model(transformers.BertForPreTraining, config)
    tiny.save_checkpoint(model, tiny.make_preprocessor(config, model), directory)
    return directory


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> transformers.BertModel:
    """As the guide loads it; transformers 5 takes `torchscript=True` and does nothing with it, so it is left out."""
    return transformers.BertModel.from_pretrained(checkpoint).eval()


@pytest.fixture(scope="module")
def dummy_input(checkpoint: Path) -> dict[str, torch.Tensor]:
    """The guide's two sentences, tokenized, with one word masked and the segments of either sentence."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    tokenized = tokenizer.tokenize(TEXT)
    tokenized[8] = tokenizer.mask_token
    tokens = tokenizer.convert_tokens_to_ids(tokenized)
    half = len(tokens) // 2
    segments = [0] * half + [1] * (len(tokens) - half)
    return {"input_ids": torch.tensor([tokens]), "token_type_ids": torch.tensor([segments])}


def test_saving_a_model(model, dummy_input, tmp_path):
    """`traced_model = torch.jit.trace(model, [tokens_tensor, segments_tensors])`, by name."""
    file = save(trace(model, dummy_input), tmp_path / "traced_bert.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["traced_bert.pt"]
    assert file.stat().st_size > 1000


def test_loading_and_using_it_as_the_guide_does(model, dummy_input, tmp_path):
    """With torch.jit.load the outputs are the tuple that `torchscript=True` gave."""
    save(trace(model, dummy_input), tmp_path / "traced_bert.pt")
    with quiet():
        loaded_model = torch.jit.load(tmp_path / "traced_bert.pt")
    loaded_model.eval()
    last_hidden_state, pooled_output = loaded_model(*dummy_input.values())
    with torch.no_grad():
        expected = model(**dummy_input)
    assert torch.allclose(last_hidden_state, expected.last_hidden_state, atol=ROUNDING)
    assert torch.allclose(pooled_output, expected.pooler_output, atol=ROUNDING)


def test_loading_it_with_names(model, dummy_input, tmp_path):
    save(trace(model, dummy_input), tmp_path / "traced_bert.pt")
    outputs = load(tmp_path / "traced_bert.pt")(**dummy_input)
    assert list(outputs) == ["last_hidden_state", "pooler_output"]
    with torch.no_grad():
        expected = model(**dummy_input).pooler_output
    assert torch.allclose(outputs["pooler_output"], expected, atol=ROUNDING)


def test_tensors_in_a_list_go_where_forward_takes_them(model, dummy_input):
    """The guide hands over a list, whose second tensor is the model's mask: the trace does the same and says so."""
    tokens_tensor, segments_tensors = dummy_input.values()
    traced = trace(model, [tokens_tensor, segments_tensors])
    assert traced.manifest.input_names == ("input_ids", "attention_mask")
    with torch.no_grad():
        expected = model(tokens_tensor, segments_tensors).last_hidden_state
    outputs = traced(tokens_tensor, segments_tensors)
    assert torch.allclose(outputs["last_hidden_state"], expected, atol=ROUNDING)


def test_the_code_of_the_documentation_runs(checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (SOURCE.parent / "docs" / "torchscript.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("google-bert/bert-base-uncased", str(checkpoint)), names)
    with torch.no_grad():
        expected = names["model"](**names["fewer"]).logits
    assert names["logits"].shape == expected.shape
    assert torch.allclose(names["logits"], expected, atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["traced_bert.pt"]


def test_the_trace_is_used_in_a_process_without_transformers(model, dummy_input, tmp_path):
    save(trace(model, dummy_input), tmp_path / "traced_bert.pt")
    script = (
        "import torch\n"
        "from transformers_export.torchscript import load\n"
        "traced = load(sys.argv[1])\n"
        "shapes = {each.name: each.shape for each in traced.manifest.inputs}\n"
        "print(sorted(traced(**{name: torch.ones(shape, dtype=torch.int64) for name, shape in shapes.items()})))\n"
    )
    printed = with_torch_alone(script, tmp_path / "traced_bert.pt")
    assert printed == "['last_hidden_state', 'pooler_output']\n"
