"""Small real repositories for the static half: a transformers 4 tree of two models, and a check of one change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.repositories import commit, git, start
from transformers_export import changes
from transformers_export.project import Project, open_project
from transformers_export.rules import catalog
from transformers_export.source import tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding, NotChecked

MODELS = "src/transformers/models"
REGISTRY = "src/transformers/onnx/features.py"
MATRIX = "tests/onnx/test_onnx_v2.py"
ALPHA = f"{MODELS}/alpha/configuration_alpha.py"
BETA = f"{MODELS}/beta_two/configuration_beta_two.py"
AUTO = f"{MODELS}/auto/modeling_auto.py"

_INIT = """\
from typing import TYPE_CHECKING

from ...utils.import_utils import define_import_structure

if TYPE_CHECKING:
    from .configuration_{name} import *
    from .modeling_{name} import *
"""

_MODELING = """\
from ...modeling_outputs import BaseModelOutput
from ...modeling_utils import PreTrainedModel
"""

_MODEL = """

class {name}(PreTrainedModel):
    def forward(self, input_ids=None, attention_mask=None, past_key_values=None, return_dict=None):
        if not return_dict:
            return (input_ids,)
        return BaseModelOutput({output}=input_ids, past_key_values=past_key_values)
"""

TRANSFORMERS_4: dict[str, str] = {
    "src/transformers/__init__.py": "",
    f"{MODELS}/__init__.py": "",
    "src/transformers/onnx/__init__.py": "from .config import OnnxConfig, OnnxConfigWithPast\n",
    "src/transformers/onnx/config.py": """\
class OnnxConfig:
    _tasks_to_common_outputs = {
        "default": {"last_hidden_state": {0: "batch"}},
        "causal-lm": {"logits": {0: "batch"}},
    }

    def __init__(self, config, task="default"):
        self._config = config
        self.task = task

    @property
    def inputs(self):
        return {"input_ids": {0: "batch"}, "attention_mask": {0: "batch"}}

    @property
    def outputs(self):
        return copy.deepcopy(self._tasks_to_common_outputs[self.task])


class OnnxConfigWithPast(OnnxConfig):
    def __init__(self, config, task="default", use_past=False):
        super().__init__(config, task=task)
        self.use_past = use_past

    @property
    def outputs(self):
        outputs = super().outputs
        if self.use_past:
            self.fill_with_past_key_values_(outputs, direction="outputs")
        return outputs

    def fill_with_past_key_values_(self, inputs_or_outputs, direction):
        pass
""",
    REGISTRY: """\
from transformers.models.auto import AutoModel, AutoModelForCausalLM


def supported_features_mapping(*features, onnx_config_cls=None):
    return {}


class FeaturesManager:
    _TASKS_TO_AUTOMODELS = {}
    if True:
        _TASKS_TO_AUTOMODELS = {
            "default": AutoModel,
            "causal-lm": AutoModelForCausalLM,
        }
    _SUPPORTED_MODEL_TYPE = {
        "alpha": supported_features_mapping("default", onnx_config_cls="models.alpha.AlphaOnnxConfig"),
        "beta-two": supported_features_mapping(
            "default",
            "causal-lm",
            "causal-lm-with-past",
            onnx_config_cls="models.beta_two.BetaTwoOnnxConfig",
        ),
    }
""",
    f"{MODELS}/alpha/__init__.py": _INIT.format(name="alpha"),
    ALPHA: """\
from ...configuration_utils import PretrainedConfig
from ...onnx import OnnxConfig


class AlphaConfig(PretrainedConfig):
    model_type = "alpha"


class AlphaOnnxConfig(OnnxConfig):
    pass


__all__ = ["AlphaConfig", "AlphaOnnxConfig"]
""",
    f"{MODELS}/alpha/modeling_alpha.py": _MODELING + _MODEL.format(name="AlphaModel", output="last_hidden_state"),
    f"{MODELS}/beta_two/__init__.py": _INIT.format(name="beta_two"),
    BETA: """\
from ...configuration_utils import PretrainedConfig
from ...onnx import OnnxConfigWithPast


class BetaTwoConfig(PretrainedConfig):
    model_type = "beta_two"


class BetaTwoOnnxConfig(OnnxConfigWithPast):
    pass


__all__ = ["BetaTwoConfig", "BetaTwoOnnxConfig"]
""",
    f"{MODELS}/beta_two/modeling_beta_two.py": _MODELING
    + _MODEL.format(name="BetaTwoModel", output="last_hidden_state")
    + _MODEL.format(name="BetaTwoForCausalLM", output="logits"),
    AUTO: """\
from collections import OrderedDict

MODEL_MAPPING_NAMES = OrderedDict([("alpha", "AlphaModel"), ("beta_two", "BetaTwoModel")])
MODEL_FOR_CAUSAL_LM_MAPPING_NAMES = OrderedDict([("beta_two", "BetaTwoForCausalLM")])
MODEL_MAPPING = _LazyAutoMapping(CONFIG_MAPPING_NAMES, MODEL_MAPPING_NAMES)
MODEL_FOR_CAUSAL_LM_MAPPING = _LazyAutoMapping(CONFIG_MAPPING_NAMES, MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


class AutoModel(_BaseAutoModelClass):
    _model_mapping = MODEL_MAPPING


class AutoModelForCausalLM(_BaseAutoModelClass):
    _model_mapping = MODEL_FOR_CAUSAL_LM_MAPPING
""",
    MATRIX: """\
PYTORCH_EXPORT_MODELS = {
    ("alpha", "hf-internal-testing/tiny-random-AlphaModel"),
}
PYTORCH_EXPORT_WITH_PAST_MODELS = {
    ("beta-two", "hf-internal-testing/tiny-random-BetaTwoModel"),
}
PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS = {}
""",
}


def write(root: Path, files: Mapping[str, str | None]) -> None:
    """Write the files; None deletes one."""
    for path, text in files.items():
        file = root / path
        if text is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def repository(root: Path, files: Mapping[str, str] = TRANSFORMERS_4) -> Path:
    """A repository with one commit on `main`."""
    start(root)
    write(root, files)
    commit(root, "Start")
    return root


def edit(root: Path, path: str, old: str, new: str) -> None:
    """Replace what stands exactly once in a file."""
    text = (root / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old, text.count(old))
    (root / path).write_text(text.replace(old, new), encoding="utf-8")


@dataclass(frozen=True)
class Checked:
    """What the static check of a working tree came to."""

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    project: Project
    head: Snapshot
    base: Snapshot | None
    changes: changes.Changes | None

    @property
    def said(self) -> list[tuple[str, str, str]]:
        """(status, rule, subject) of every finding."""
        return [(item.status, item.rule, item.subject) for item in self.findings]


def check(root: Path, base: str | None = "HEAD") -> Checked:
    """Check the working tree against a revision, or with None all of it against nothing."""
    head_tree = tree.working_tree(root)
    project = open_project(root, head_tree)
    head = project.snapshot(head_tree)
    if base is None:
        return Checked(*catalog.find_all(head, None, None, ignore=project.settings.ignore), project, head, None, None)
    changed = changes.from_git(root, base)
    assert changed.base is not None
    base_tree = tree.revision(root, changed.base)
    before = project.base_snapshot(base_tree, head)
    found = catalog.find_all(head, before, changed.paths, ignore=project.settings.ignore)
    # The base as a check reads it, which takes from the head what did not change.
    near = project.base_snapshot(tree.before(head_tree, changed.base, changed.paths), head)
    assert catalog.find_all(head, near, changed.paths, ignore=project.settings.ignore) == found
    whole, _ = catalog.find_all(head, before, None, ignore=project.settings.ignore)
    # What a change touches must hold everything the change makes or mends.
    assert {item for item in whole if item.status != "standing"} == {
        item for item in found[0] if item.status != "standing"
    }
    return Checked(*found, project, head, before, changed)


__all__ = ["Checked", "check", "commit", "edit", "git", "repository", "write"]
