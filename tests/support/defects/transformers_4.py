"""One defect for each rule in transformers 4.48.0 itself, and beside each a change that only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.repositories import DISTILBERT, DOCS, MATRIX, REGISTRY

if TYPE_CHECKING:
    from support.defects import Defects
    from support.overlay import Edits

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


DEFECTS: Defects = {
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
    "unused-ignore": (
        {DISTILBERT: [(MASK, MASK + "  # transformers-export: ignore[input-not-in-forward]")]},
        "input-not-in-forward",
        {DISTILBERT: [(MASK, '("masks", {}),  # transformers-export: ignore[input-not-in-forward] a fork reads it')]},
    ),
}  # fmt: skip
