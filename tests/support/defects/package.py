"""One defect for each rule in a package of custom models, and beside each a change that only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.layouts import DOCS, MATRIX, REGISTRY, ZOO

if TYPE_CHECKING:
    from support.defects import Defects
    from support.overlay import Edits

DISTILBERT = f"{ZOO}/distilbert/configuration_distilbert.py"
GPT2 = f"{ZOO}/gpt2/configuration_gpt2.py"
RESNET = f"{ZOO}/resnet/configuration_resnet.py"
MODELING_RESNET = f"{ZOO}/resnet/modeling_resnet.py"
INIT = f"{ZOO}/__init__.py"
ENTRY = """\
FeaturesManager.register(
    "zoo-resnet",
    "default",
    "image-classification",
    onnx_config="zoo.resnet.ResNetOnnxConfig",
)
"""
COMMENTED = "".join(f"# {row}\n" for row in ENTRY.splitlines())
GUARDED = "if False:\n" + "".join(f"    {row}\n" for row in ENTRY.splitlines())
IDS, MASK = '("input_ids", dynamic_axis),', '("attention_mask", dynamic_axis),'
PLAIN_ROW, PAST_ROW = '    ("zoo-resnet", "zoo/resnet"),\n', '    ("zoo-gpt2", "zoo/gpt2"),\n'
OURS, THEIRS = "from transformers_export.onnx import OnnxConfig", "from transformers.onnx import OnnxConfig"
CLASS = "class ResNetOnnxConfig(OnnxConfig):\n"
ONLY_DEFAULT = "return super().outputs if self.task != 'default' else "


def registry(old: str, new: str) -> Edits:
    return {REGISTRY: [(old, new)]}


def outputs(name: str) -> str:
    return CLASS + f'    @property\n    def outputs(self):\n        return {{"{name}": {{0: "batch"}}}}\n\n'


DEFECTS: Defects = {
    "unregistered": (
        registry(ENTRY, ""),
        "ResNetOnnxConfig",
        {RESNET: [("ResNetOnnxConfig", "ResNetExport")], REGISTRY: [("ResNetOnnxConfig", "ResNetExport")]},
    ),
    "registry-class-unknown": (
        registry("zoo.resnet.ResNetOnnxConfig", "zoo.resnet.ResnetOnnxConfig"),
        "zoo-resnet",
        registry("zoo.resnet.ResNetOnnxConfig", "zoo.resnet.configuration_resnet.ResNetOnnxConfig"),
    ),
    "unreachable-key": (
        registry('"zoo-resnet"', '"zoo-res-net"'),
        "zoo-res-net",
        registry('"zoo-resnet"', '"zoo_resnet"'),  # register() itself writes - for _
    ),
    "duplicate-key": (registry(ENTRY, ENTRY * 2), "zoo-resnet", registry(ENTRY, COMMENTED + GUARDED + ENTRY)),
    "duplicate-feature": (
        registry('"image-classification",', '"image-classification", "default",'),
        "zoo-resnet/default",
        registry('"image-classification",', '"image-classification",  # "default"\n'),
    ),
    "unknown-feature": (
        registry('"image-classification",', '"image-clasification",'),
        "zoo-resnet/image-clasification",
        registry('    "default",\n    "image-classification",', '    "image-classification",\n    "default",'),
    ),
    "no-outputs-for-task": (
        {RESNET: [(CLASS, CLASS + '    _tasks_to_common_outputs = {"default": {"pooler_output": {}}}\n\n')]},
        "zoo-resnet/image-classification",
        {RESNET: [(CLASS, CLASS + "    _tasks_to_common_outputs = {**OnnxConfig._tasks_to_common_outputs}\n\n")]},
    ),
    "no-auto-class": (
        registry('"image-classification",', '"image-classification", "object-detection",'),
        "zoo-resnet/object-detection",
        {INIT: [("AutoModel.register(ResNetConfig, ResNetModel)", "AutoModel.register(ResNetConfig, model_class=X)")]},
    ),
    "past-without-cache": (
        registry('"image-classification",', '"image-classification", "default-with-past",'),
        "zoo-resnet",
        {GPT2: [("OnnxConfigWithPast, P", "OnnxConfigWithPast as Base, P"), ("(OnnxConfigWithPast)", "(Base)")]},
    ),
    "no-matrix-entry": ({MATRIX: [(PLAIN_ROW, "")]}, "zoo-resnet", {MATRIX: [('"zoo-resnet"', '"zoo_resnet"')]}),
    "matrix-not-registered": (
        {MATRIX: [(PLAIN_ROW, PLAIN_ROW + '    ("zoo-vit", "x/y"),\n')]},
        "zoo-vit",
        {MATRIX: [(PLAIN_ROW, PLAIN_ROW + '    # ("zoo-vit", "x/y"),\n')]},
    ),
    "wrong-matrix-set": (
        {MATRIX: [(PAST_ROW, ""), (PLAIN_ROW, PLAIN_ROW + PAST_ROW)]},
        "PYTORCH_EXPORT_MODELS/zoo-gpt2",
        {MATRIX: [(PLAIN_ROW, PLAIN_ROW + PAST_ROW)]},
    ),
    "not-exported": (
        {RESNET: [(', "ResNetOnnxConfig"]', "]")]},
        "ResNetOnnxConfig",
        {RESNET: [('["ResNetConfig", "ResNetOnnxConfig"]', '("ResNetOnnxConfig", "ResNetConfig")')]},
    ),
    "docs-missing": (
        {DOCS: [("| zoo-resnet | text |\n", "")]},
        "zoo-resnet",
        {DOCS: [("| zoo-resnet |", "| [zoo_resnet](resnet.md), of ours |")]},
    ),
    "input-not-in-forward": (
        {DISTILBERT: [(MASK, '("attention_masks", dynamic_axis),')]},
        "DistilBertOnnxConfig.attention_masks",
        {DISTILBERT: [(MASK, MASK + '("head_mask", dynamic_axis),')]},
    ),
    "required-input-missing": (
        {RESNET: [('("pixel_values", {', '("pixels", {')]},
        "zoo-resnet/default/pixel_values",
        {MODELING_RESNET: [("self, pixel_values: Tensor, ", "self, pixel_values=None, ")]},
    ),
    "main-input-missing": (
        {DISTILBERT: [(IDS, "")]},
        "zoo-distilbert/default",
        {DISTILBERT: [(IDS, ""), (MASK, MASK + '("inputs_embeds", dynamic_axis),')]},
    ),
    "output-not-in-model-output": (
        {RESNET: [(CLASS, outputs("pooled"))]},
        "zoo-resnet/default/pooled",
        {RESNET: [(CLASS, outputs("pooler_output").replace("return ", ONLY_DEFAULT))]},
    ),
    "unknown-base-attribute": (
        {DISTILBERT: [("if self.task ==", "if self.feature ==")]},
        "DistilBertOnnxConfig.feature",
        {DISTILBERT: [("if self.task ==", 'if getattr(self, "feature", self.task) ==')]},
    ),
    "removed-import": (
        {DISTILBERT: [(OURS, THEIRS)]},
        "transformers.onnx",
        {DISTILBERT: [(OURS, f"try:\n    {OURS}\nexcept ImportError:\n    {THEIRS}")]},
    ),
    "missing-feature": (
        registry('    "image-classification",\n', ""),
        "zoo-resnet/image-classification",
        registry('    "image-classification",\n', '    *("image-classification",),\n'),
    ),
    "unused-ignore": (
        {DISTILBERT: [(MASK, MASK + "  # transformers-export: ignore[input-not-in-forward]")]},
        "input-not-in-forward",
        {DISTILBERT: [(MASK, '("masks", {}),  # transformers-export: ignore[input-not-in-forward] a fork reads it')]},
    ),
}  # fmt: skip
