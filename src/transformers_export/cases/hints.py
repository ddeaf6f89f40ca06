"""Known causes of failed exports: how each is recognised, what to do, and where it is documented.

Worker side: the standard library alone. The first entry that fits is the hint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_GUARDS = (
    "https://docs.pytorch.org/docs/main/user_guide/torch_compiler/compile/"
    "dynamic_shapes_troubleshooting_guardon_errors.html"
)
_COND = "https://docs.pytorch.org/docs/stable/generated/torch.cond.html"
_SHAPES = "https://docs.pytorch.org/docs/main/torch.compiler_dynamic_shapes.html"
_OPERATORS = "https://docs.pytorch.org/tutorials/beginner/onnx/onnx_registry_tutorial.html"
_ONNX = "https://docs.pytorch.org/docs/stable/onnx.html"
_ATTENTION = "https://huggingface.co/docs/transformers/main/attention_interface"
_EXTERNAL = "https://onnx.ai/onnx/repo-docs/ExternalData.html"


@dataclass(frozen=True)
class Hint:
    """One known cause."""

    pattern: re.Pattern[str]
    """What is looked for in `Type: message` of an exception and of those it came from."""
    advice: str
    """One sentence: what mostly causes it, and what to do."""
    link: str = ""


def _hint(pattern: str, advice: str, link: str = "") -> Hint:
    return Hint(re.compile(pattern, re.IGNORECASE | re.DOTALL), advice, link)


HINTS = (
    _hint(
        r"scaled_dot_product_attention.{0,200}opset|opset.{0,200}scaled_dot_product_attention",
        "Opsets below 14 have no translation of sdpa attention: ask for opset 14 or more, or load the model with "
        'attn_implementation="eager".',
        _ATTENTION,
    ),
    _hint(
        r"opset.{0,80}cannot be written|OpsetError",
        "The exporter cannot write that opset: ask for one in the range that the message names.",
        _ONNX,
    ),
    _hint(
        r"vmap|flex_attention|flash_attention|\bAttentionInterface\b",
        'This attention implementation cannot be captured: load the model with attn_implementation "eager" or "sdpa".',
        _ATTENTION,
    ),
    _hint(
        r"GuardOnDataDependentSymNode|Could not guard on data-dependent|data.dependent (?:expression|branching)"
        r"|Could not extract specialized integer",
        "Python decides by a value that is only known when the model runs (an `if` on a tensor, item(), tolist(), "
        "nonzero()): use torch.where, decide by shapes, or tell the compiler with torch._check.",
        _GUARDS,
    ),
    _hint(
        r"data-dependent control flow|Dynamic control flow|bool\(\) on|is_nonzero|aten\.\_?local_scalar_dense",
        "An `if` or `while` depends on a tensor's values: use torch.where, or torch.cond for whole branches.",
        _COND,
    ),
    _hint(
        r"ConstraintViolation|Constraints violated|specialized it to be a constant|marked .{0,40} as dynamic but",
        "The code fixes an axis that is declared to vary, as with int(x.shape[1]) or a Python loop over it: keep sizes "
        "as they come from .shape, or do not declare the axis.",
        _SHAPES,
    ),
    _hint(
        r"UnsupportedOperatorError|DispatchError|No ONNX function found|is not supported\..{0,80}(?:opset|operator)"
        r"|Exporting the operator",
        "The exporter has no translation of this operator: use one that it has, try the other exporter, or register a "
        "translation.",
        _OPERATORS,
    ),
    _hint(
        r"exceeds? (?:the )?maximum protobuf size|2 ?GiB?\b.{0,40}limit|Failed to serialize proto|larger than 2 ?GB",
        "A protobuf file ends at 2 GB: weights beyond go into external data beside it.",
        _EXTERNAL,
    ),
    _hint(
        r"missing \d+ required positional argument|You (?:have to|must) specify",
        "The model needs an input that the configuration does not declare: add it to `inputs`.",
    ),
    _hint(
        r"unexpected keyword argument|which \w+\.forward\(\) does not take",
        "The configuration declares an input that forward() does not take: remove it from `inputs`, or rename it.",
    ),
    _hint(
        r"OutputMissingError|does not return the declared outputs",
        "The configuration declares an output that the model does not return for this feature: correct `outputs`.",
    ),
    _hint(
        r"CUDA|triton",
        "The code asks for a GPU, and exports run on the CPU: take the device from an input, as in x.device.",
    ),
    _hint(
        r"index out of range in self|IndexError.{0,80}embedding|out of bounds",
        "An input is outside the table it is looked up in: compare the vocabulary or the number of positions in the "
        "configuration with what generate_dummy_inputs makes.",
    ),
)


OURS = Hint(
    re.compile(r"(?!)"),
    "No line of the model, of its configuration or of an exporter was running, so this is a bug in "
    "transformers-export, not in this project. Please report it with this message, its frames and the versions in this "
    "report.",
)
"""For an exception of our own, which is recognised by its frames and never by what it says."""


def hint_for(said: str) -> Hint | None:
    """The first known cause that fits what an exception and those before it said."""
    return next((hint for hint in HINTS if hint.pattern.search(said)), None)


_ATEN = re.compile(r"\b(?P<name>aten(?:::|\.)\w+(?:\.\w+)?)")


def operator_in(said: str) -> str:
    """The operator that a message names, `aten::unique`; empty where it names none."""
    found = _ATEN.search(said)
    return found["name"] if found else ""
