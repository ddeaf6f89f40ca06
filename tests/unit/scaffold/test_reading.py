"""What is read of a model, and what is refused before anything is decided, in a small transformers 4 tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.static import ALPHA, AUTO, BETA, MODELS, REGISTRY, edit, repository, write
from transformers_export.project import open_project
from transformers_export.scaffold.facts import CannotScaffoldError, Facts
from transformers_export.scaffold.reading import facts
from transformers_export.source import tree

if TYPE_CHECKING:
    from pathlib import Path

GAMMA = f"{MODELS}/gamma/configuration_gamma.py"
CONFIG = """\
from ...configuration_utils import PretrainedConfig


class GammaConfig(PretrainedConfig):
    model_type = "gamma"
    attribute_map = {"hidden_size": "n_embd"}

    def __init__(self, n_embd=8, type_vocab_size=2, **kwargs):
        self.n_embd = n_embd
        self.type_vocab_size = type_vocab_size
        super().__init__(**kwargs)


__all__ = ["GammaConfig"]
"""
MODEL = """\
from ...modeling_outputs import BaseModelOutput
from ...modeling_utils import PreTrainedModel


class GammaModel(PreTrainedModel):
    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, bbox=None):
        return BaseModelOutput(last_hidden_state=input_ids)
"""
TOKENIZER = """\
from ...tokenization_utils import PreTrainedTokenizer


class GammaTokenizer(PreTrainedTokenizer):
    {names}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = repository(tmp_path / "transformers")
    write(
        made,
        {
            GAMMA: CONFIG,
            f"{MODELS}/gamma/modeling_gamma.py": MODEL,
            f"{MODELS}/gamma/tokenization_gamma.py": TOKENIZER.format(names="pass"),
        },
    )
    edit(made, AUTO, '[("alpha", "AlphaModel")', '[("alpha", "AlphaModel"), ("gamma", "GammaModel")')
    return made


def read(root: Path, path: str = GAMMA, class_name: str | None = None) -> Facts:
    files = tree.working_tree(root)
    return facts(open_project(root, files).snapshot(files), path, class_name)


@pytest.mark.parametrize("cache", ["cache", "past_key_values"])
def test_the_cache_is_known_by_either_name(root: Path, cache: str) -> None:
    path = f"{MODELS}/gamma/modeling_gamma.py"
    edit(root, path, "token_type_ids=None, bbox=None", f"{cache}=None, bbox=None")
    edit(
        root,
        path,
        "BaseModelOutput(last_hidden_state=input_ids)",
        f"Kept(last_hidden_state=input_ids, {cache}={cache})",
    )
    edit(
        root,
        path,
        "class GammaModel",
        f"class Kept(ModelOutput):\n    last_hidden_state: int\n    {cache}: int\n\n\nclass GammaModel",
    )
    edit(root, path, "from ...modeling_outputs import BaseModelOutput", "from transformers.utils import ModelOutput")
    (head,) = read(root).heads
    assert head.parameters == ("input_ids", "attention_mask", "past_key_values", "bbox")
    assert head.fields == {"last_hidden_state", "past_key_values"}


def test_heads_attributes_tokenizer_and_outputs_of_the_base_class(root: Path) -> None:
    found = read(root)
    assert (found.model_type, found.config_class, found.onnx_class) == ("gamma", "GammaConfig", "GammaOnnxConfig")
    (head,) = found.heads
    assert (head.task, head.model) == ("default", "GammaModel")
    assert head.parameters == ("input_ids", "attention_mask", "token_type_ids", "bbox")
    assert head.fields is not None
    assert "last_hidden_state" in head.fields
    assert {"hidden_size", "n_embd", "type_vocab_size"} <= found.attributes
    assert found.token_types == 2
    assert found.base_outputs == {"default": ("last_hidden_state",), "causal-lm": ("logits",)}
    assert found.dialect == "transformers"


def test_a_tokenizer_makes_token_types_unless_it_says_otherwise(root: Path) -> None:
    assert read(root).tokenizer_inputs == {"input_ids", "token_type_ids", "attention_mask"}
    said = TOKENIZER.format(names='model_input_names = ["input_ids", "attention_mask"]')
    write(root, {f"{MODELS}/gamma/tokenization_gamma.py": said})
    assert read(root).tokenizer_inputs == {"input_ids", "attention_mask"}
    write(root, {f"{MODELS}/gamma/tokenization_gamma.py": None})
    assert read(root).tokenizer_inputs is None


def test_a_model_that_is_exported_already_is_refused(root: Path) -> None:
    with pytest.raises(CannotScaffoldError, match=rf'"alpha" is exported already, with AlphaOnnxConfig .{REGISTRY}:16'):
        read(root, ALPHA)


def test_a_class_that_only_is_not_registered_is_refused(root: Path) -> None:
    edit(
        root,
        REGISTRY,
        '        "alpha": supported_features_mapping("default", onnx_config_cls="models.alpha.AlphaOnnxConfig"),\n',
        "",
    )
    with pytest.raises(CannotScaffoldError, match="has AlphaOnnxConfig already, it only is not registered"):
        read(root, ALPHA)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no class with a model_type"),
        ("class GammaConfig:\n    pass\n", "holds no class with a model_type"),
        ("class GammaConfig(:\n", r"configuration_gamma.py:1: no valid Python: .*Mend the file first"),
        (CONFIG.replace('"gamma"', "NAME"), "holds no class with a model_type"),
        (
            CONFIG + 'class DeltaConfig:\n    model_type = "delta"\n',
            "GammaConfig, DeltaConfig. Choose one with --class",
        ),
        (CONFIG + "\n\nclass GammaOnnxConfig:\n    pass\n", "has another class named GammaOnnxConfig"),
        (CONFIG.replace('"gamma"', '"delta"'), 'No Auto class of a known task has a model for "delta"'),
    ],
)
def test_a_file_that_says_too_little_or_too_much_is_refused(root: Path, text: str, said: str) -> None:
    write(root, {GAMMA: text})
    with pytest.raises(CannotScaffoldError, match=said):
        read(root)


def test_one_of_several_classes_is_chosen_by_name(root: Path) -> None:
    write(root, {GAMMA: CONFIG + 'class DeltaConfig:\n    model_type = "delta"\n'})
    assert read(root, class_name="GammaConfig").model_type == "gamma"
    with pytest.raises(CannotScaffoldError, match="no configuration class NoConfig"):
        read(root, class_name="NoConfig")


def test_a_head_that_cannot_be_read_is_left_out_with_the_reason(root: Path) -> None:
    edit(root, AUTO, '[("beta_two", "BetaTwoForCausalLM")]', '[("gamma", "GammaForCausalLM"), ("gamma", "Other")]')
    found = read(root)
    assert [head.task for head in found.heads] == ["default"]
    assert found.unread == ("Other (causal-lm) is not in this repository",)
    write(root, {f"{MODELS}/gamma/modeling_gamma.py": "GammaModel = None\n"})
    with pytest.raises(CannotScaffoldError, match="No model of GammaConfig could be read: GammaModel"):
        read(root)


def test_the_other_model_stays_readable(root: Path) -> None:
    with pytest.raises(CannotScaffoldError, match="is exported already"):
        read(root, BETA)
