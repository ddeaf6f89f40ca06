"""One defect for each rule in a Hub folder, and beside each a change that only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.defects import Defects

CONFIG, TOKENIZER = "config.json", "tokenizer_config.json"
CONFIGURATION, MODELING = "configuration_distilbert.py", "modeling_distilbert.py"
MODEL = '"modeling_distilbert.DistilBertModel"'
IDS, MASK = '("input_ids", dynamic_axis),', '("attention_mask", dynamic_axis),'
CLASS = "class DistilBertOnnxConfig(OnnxConfig):\n"
OURS, THEIRS = "from transformers_export.onnx import OnnxConfig", "from transformers.onnx import OnnxConfig"
FORWARD = "        self,\n        input_ids: Optional[torch.Tensor] = None,"
MASKED_LM = '\n@add_start_docstrings(\n    """DistilBert Model with a `masked language modeling` head on top."""'
RENAMED = "DistilBertModel = _Model\n"
OUTPUTS = CLASS + '    @property\n    def outputs(self):\n        return {"<name>": {0: "batch"}}\n\n'

DEFECTS: Defects = {
    "no-outputs-for-task": (
        {CONFIGURATION: [(CLASS, CLASS + '    _tasks_to_common_outputs = {"default": {"last_hidden_state": {}}}\n\n')]},
        "zoo-distilbert/masked-lm",
        {CONFIGURATION: [(CLASS, CLASS + "    _tasks_to_common_outputs = {**TABLE}\n\n")]},
    ),
    "input-not-in-forward": (
        {CONFIGURATION: [(MASK, '("attention_masks", dynamic_axis),')]},
        "DistilBertOnnxConfig.attention_masks",
        {CONFIGURATION: [(MASK, MASK + '("head_mask", dynamic_axis),')]},
    ),
    "required-input-missing": (
        {MODELING: [(FORWARD, "        self, scale, input_ids=None,")]},
        "zoo-distilbert/default/scale",
        {MODELING: [(FORWARD, "        self, input_ids=None, scale=None,")]},
    ),
    "main-input-missing": (
        {CONFIGURATION: [(IDS, "")]},
        "zoo-distilbert/default",
        {CONFIGURATION: [(IDS, ""), (MASK, MASK + '("inputs_embeds", dynamic_axis),')]},
    ),
    "output-not-in-model-output": (
        {CONFIGURATION: [(CLASS, OUTPUTS.replace("<name>", "pooled"))]},
        "zoo-distilbert/default/pooled",
        {CONFIGURATION: [(CLASS, OUTPUTS.replace("<name>", "hidden_states"))]},
    ),
    "unknown-base-attribute": (
        {CONFIGURATION: [("if self.task ==", "if self.feature ==")]},
        "DistilBertOnnxConfig.feature",
        {CONFIGURATION: [("if self.task ==", 'if getattr(self, "feature", self.task) ==')]},
    ),
    "removed-import": (
        {CONFIGURATION: [(OURS, THEIRS)]},
        "transformers.onnx",
        {CONFIGURATION: [(OURS, f"try:\n    {OURS}\nexcept ImportError:\n    {THEIRS}")]},
    ),
    "unused-ignore": (
        {CONFIGURATION: [(MASK, MASK + "  # transformers-export: ignore[input-not-in-forward]")]},
        "input-not-in-forward",
        {CONFIGURATION: [(MASK, '("masks", {}),  # transformers-export: ignore[input-not-in-forward] why not')]},
    ),
    "auto-map-form": (
        {CONFIG: [(MODEL, '"zoo.modeling_distilbert.DistilBertModel"')]},
        "AutoModel/zoo.modeling_distilbert.DistilBertModel",
        {CONFIG: [(MODEL, "null")], TOKENIZER: [("null", '"tokenization_distilbert.DistilBertTokenizer"')]},
    ),
    "auto-map-file-missing": (
        {CONFIG: [(MODEL, '"modelling_distilbert.DistilBertModel"')]},
        "AutoModel/modelling_distilbert.DistilBertModel",
        {CONFIG: [(MODEL, '"acme/zoo--modelling_distilbert.DistilBertModel"')]},
    ),
    "auto-map-class-missing": (
        {TOKENIZER: [("DistilBertTokenizer", "DistilBertTokeniser")]},
        "AutoTokenizer/tokenization_distilbert.DistilBertTokeniser",
        {MODELING: [("class DistilBertModel(", "class _Model("), (MASKED_LM, f"\n{RENAMED}\n{MASKED_LM}")]},
    ),
}  # fmt: skip
