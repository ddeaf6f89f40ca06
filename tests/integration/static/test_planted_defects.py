"""One defect for each rule, planted in transformers 4.48.0 itself, and beside each a change that only looks like it.

(`removed-import` has nothing to find in a tree that has `transformers.onnx`: see tests/unit/rules.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.overlay import Edits, Ground
from support.repositories import DISTILBERT, DOCS, MATRIX, REGISTRY
from transformers_export.rules import catalog

if TYPE_CHECKING:
    from support.repositories import Repository

MODELS = "src/transformers/models"
ONNX = "src/transformers/onnx/config.py"
VIT = f"{MODELS}/vit/configuration_vit.py"
DEIT = f"{MODELS}/deit/configuration_deit.py"
RESNET = f"{MODELS}/resnet/configuration_resnet.py"
MOBILENET = f"{MODELS}/mobilenet_v1/configuration_mobilenet_v1.py"

VIT_ENTRY = '"default", "image-classification", onnx_config_cls="models.vit.ViTOnnxConfig"'
DEIT_ENTRY = """\
        "deit": supported_features_mapping(
            "default", "image-classification", onnx_config_cls="models.deit.DeiTOnnxConfig"
        ),
"""
GPT2_TESTED = '    ("gpt2", "hf-internal-testing/tiny-random-gpt2"),\n'
DEFAULT_SET = "PYTORCH_EXPORT_DEFAULT_MODELS = {\n"
TENSORFLOW_SET = "TENSORFLOW_EXPORT_DEFAULT_MODELS = {\n"
SPEECH_OUTPUTS = '"speech2seq-lm": OrderedDict({"logits": {0: "batch", 1: "sequence"}}),'
BLOOM, CODEGEN, ELECTRA, GPT2 = (
    f'"{key}": supported_features_mapping(' for key in ("bloom", "codegen", "electra", "gpt2")
)
GPT2_FEATURES = (
    GPT2
    + """
            "default",
            "default-with-past",
"""
)
IDS, MASK = '("input_ids", dynamic_axis),', '("attention_mask", dynamic_axis),'


def registry(old: str, new: str) -> Edits:
    return {REGISTRY: [(old, new)]}


DEFECTS: dict[str, tuple[Edits, str, Edits]] = {
    "unregistered": (
        registry(DEIT_ENTRY, ""),
        "DeiTOnnxConfig",
        {DEIT: [("DeiTOnnxConfig", "DeiTExport")], REGISTRY: [("deit.DeiTOnnxConfig", "deit.DeiTExport")]},
    ),
    "registry-class-unknown": (
        registry("models.vit.ViTOnnxConfig", "models.vit.VitOnnxConfig"),
        "vit",
        registry("models.vit.ViTOnnxConfig", "models.vit.configuration_vit.ViTOnnxConfig"),
    ),
    "unreachable-key": (
        registry('"gpt-neo": supp', '"gpt_neo": supp'),
        "gpt_neo",
        {f"{MODELS}/gpt_neo/configuration_gpt_neo.py": [('model_type = "gpt_neo"', 'model_type = "gpt-neo"')]},
    ),
    "duplicate-key": (
        registry(DEIT_ENTRY, DEIT_ENTRY * 2),
        "deit",
        registry(DEIT_ENTRY, "".join(f"# {row}\n" for row in DEIT_ENTRY.splitlines()) + DEIT_ENTRY),
    ),
    "duplicate-feature": (
        registry(VIT_ENTRY, f'"default", {VIT_ENTRY}'),
        "vit/default",
        registry(BLOOM, f'{BLOOM}"question-answering", '),
    ),
    "unknown-feature": (
        registry(VIT_ENTRY, VIT_ENTRY.replace("classification", "clasification")),
        "vit/image-clasification",
        registry(VIT_ENTRY, '"image-classification", "default", onnx_config_cls="models.vit.ViTOnnxConfig"'),
    ),
    "no-outputs-for-task": (
        {ONNX: [(SPEECH_OUTPUTS, "")]},
        "whisper/speech2seq-lm",
        {ONNX: [(SPEECH_OUTPUTS, '"speech2seq-lm": {"logits": {}},')]},
    ),
    "no-auto-class": (
        registry(VIT_ENTRY, f'"object-detection", {VIT_ENTRY}'),
        "vit/object-detection",
        registry(BLOOM, f'{BLOOM}"question-answering", '),
    ),
    "past-without-cache": (
        registry(ELECTRA, f'{ELECTRA}"causal-lm-with-past", '),
        "electra",
        registry(CODEGEN, f'{CODEGEN}"causal-lm-with-past", '),
    ),
    "no-matrix-entry": (
        {MATRIX: [('("vit", "hf-internal-testing/tiny-random-vit"),', "")]},
        "vit",
        {MATRIX: [("tiny-random-vit", "tiny-random-ViTModel")]},
    ),
    "matrix-not-registered": (
        {MATRIX: [('("vit", ', '("vit-two", "x/y"), ("vit", ')]},
        "vit-two",
        {MATRIX: [('("vit", ', '# ("vit-two", "x/y"),\n    ("vit", ')]},
    ),
    "matrix-no-auto-class": (
        {MATRIX: [(TENSORFLOW_SET, TENSORFLOW_SET + '("yolos", "x/y"),')]},
        "TENSORFLOW_EXPORT_DEFAULT_MODELS/yolos",
        {MATRIX: [(TENSORFLOW_SET, TENSORFLOW_SET + '("gpt2", "x/y"),')]},
    ),
    "wrong-matrix-set": (
        {MATRIX: [(GPT2_TESTED, ""), (DEFAULT_SET, DEFAULT_SET + GPT2_TESTED)]},
        "PYTORCH_EXPORT_DEFAULT_MODELS/gpt2",
        {MATRIX: [(DEFAULT_SET, DEFAULT_SET + GPT2_TESTED)]},
    ),
    "not-exported": (
        {VIT: [(', "ViTOnnxConfig"]', "]")]},
        "ViTOnnxConfig",
        {VIT: [('["ViTConfig", "ViTOnnxConfig"]', '("ViTOnnxConfig", "ViTConfig")')]},
    ),
    "docs-missing": (
        {DOCS: [("- ViT\n", "")]},
        "vit",
        {DOCS: [("- ViT\n", "- [ViT](model_doc/vit), by Google\n")]},
    ),
    "input-not-in-forward": (
        {DISTILBERT: [(MASK, '("attention_masks", dynamic_axis),')]},
        "DistilBertOnnxConfig.attention_masks",
        {DISTILBERT: [("dynamic_axis", "axes")]},
    ),
    "required-input-missing": (
        {RESNET: [('("pixel_values", {', '("pixels", {')]},
        "resnet/default/pixel_values",
        {RESNET.replace("configuration", "modeling"): [("self, pixel_values: Tensor, ", "self, pixel_values=None, ")]},
    ),
    "main-input-missing": (
        {DISTILBERT: [(IDS, "")]},
        "distilbert/default",
        {DISTILBERT: [(IDS, ""), (MASK, MASK + '("inputs_embeds", dynamic_axis),')]},
    ),
    "input-order": (
        {DISTILBERT: [(IDS, "<ids>"), (MASK, IDS), ("<ids>", MASK)]},
        "DistilBertOnnxConfig.input_ids",
        {DISTILBERT: [(MASK, MASK + '("head_mask", {}), ("inputs_embeds", dynamic_axis),')]},
    ),
    "output-not-in-model-output": (
        {MOBILENET: [('("pooler_output", ', '("pooled_output", ')]},
        "mobilenet-v1/default/pooled_output",
        {MOBILENET: [('("pooler_output", ', '("hidden_states", ')]},
    ),
    "unknown-base-attribute": (
        {DISTILBERT: [("if self.task ==", "if self.feature ==")]},
        "DistilBertOnnxConfig.feature",
        {DISTILBERT: [("if self.task ==", 'if getattr(self, "feature", self.task) ==')]},
    ),
    "missing-feature": (
        registry(VIT_ENTRY, VIT_ENTRY.replace('"default", ', "")),
        "vit/default",
        registry(GPT2_FEATURES, f'{GPT2}"default", '),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def ground(transformers_4_repository: Repository) -> Ground:
    return Ground(transformers_4_repository.root, "main")


@pytest.mark.parametrize("rule", DEFECTS)
def test_a_planted_defect_is_found(ground: Ground, rule: str) -> None:
    edits, subject, _ = DEFECTS[rule]
    result = ground.check(ground.edited(edits))
    found = [item for item in result.findings if (item.status, item.rule, item.subject) == ("new", rule, subject)]
    assert len(found) == 1, result.said
    line = (result.head.tree.read(found[0].path) or b"").decode().splitlines()[found[0].line - 1]
    assert line.strip()
    assert found[0].hint


@pytest.mark.parametrize("rule", DEFECTS)
def test_what_only_looks_like_it_is_not(ground: Ground, rule: str) -> None:
    _, _, edits = DEFECTS[rule]
    result = ground.check(ground.edited(edits))
    assert [item for item in result.findings if item.status == "new" and item.severity == "error"] == []
    assert rule not in {item.rule for item in result.findings if item.status == "new"}
    assert [item for item in result.not_checked if item.blocking] == []


def test_every_rule_has_its_defect() -> None:
    assert set(DEFECTS) == set(catalog.NAMES) - {"removed-import"}


def test_a_comment_ignores_a_rule_on_its_line_and_is_reported_once_it_is_of_no_use(ground: Ground) -> None:
    comment = "  # transformers-export: ignore[input-not-in-forward] a fork's model"
    defect = f'("attention_masks", dynamic_axis),{comment}'
    result = ground.check(ground.edited({DISTILBERT: [(MASK, defect)]}))
    assert result.said == []
    assert [(item.what, item.why) for item in result.not_checked] == [
        (f"input-not-in-forward of DistilBertOnnxConfig.attention_masks in {DISTILBERT}", "ignored: a fork's model")
    ]
    result = ground.check(ground.edited({DISTILBERT: [(MASK, MASK + comment)]}))
    assert result.said == [("new", "unused-ignore", "input-not-in-forward")]
    assert result.findings[0].severity == "advice"
    result = ground.check(ground.edited({DISTILBERT: [(MASK, MASK + comment.replace("forward", "backward"))]}))
    assert result.said == [("new", "unused-ignore", "input-not-in-backward")]
    quoted = ground.check(
        ground.edited(
            {DISTILBERT: [("class DistilBertOnnxConfig", f'TEXT = """{comment}"""\n\n\nclass DistilBertOnnxConfig')]}
        )
    )
    assert quoted.said == []
