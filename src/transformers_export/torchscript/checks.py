"""The checks that are TorchScript's own; values and past are those of `onnx/validation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from transformers_export.onnx.validation.runs import PADDING, Run, Subject, describe, first_line
from transformers_export.onnx.validation.types import Check
from transformers_export.onnx.validation.values import difference
from transformers_export.onnx.validation.varying import contradictions, fixed_by_model
from transformers_export.torchscript.loading import SizeError, TracedModel
from transformers_export.torchscript.padded import pad_to
from transformers_export.torchscript.sizes import Answer, smaller
from transformers_export.torchscript.weights import tied_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel
    from transformers_export.onnx.inputs import Sizes
    from transformers_export.torchscript.manifest import Manifest

_MOST_REMARKS = 3


def check_signature(traced: TracedModel) -> str:
    """Compare the traced function with the manifest: what differs, or nothing."""
    schema = getattr(getattr(traced.module, "forward", None), "schema", None)
    if schema is None:
        return ""
    taken, given = len(schema.arguments) - 1, _results(schema)
    manifest = traced.manifest
    if (taken, given) == (len(manifest.inputs), len(manifest.outputs)):
        return ""
    return (
        f"the traced function takes {taken} and gives {given} tensors, "
        f"the manifest names {len(manifest.inputs)} and {len(manifest.outputs)}"
    )


def _results(schema: Any) -> int:
    (returned,) = schema.returns
    return len(returned.type.elements()) if returned.type.kind() == "TupleType" else 1


def check_weights(traced: TracedModel) -> Check:
    """Hold tied weights against what the manifest says of them."""
    manifest = traced.manifest
    groups = len(manifest.tied)
    if manifest.target == "neuron" or manifest.frozen:
        what = "compiled into the file" if manifest.target == "neuron" else "folded into the graph"
        return Check("weights", "passed", f"weights are {what}", figure=0.0, limit=0.0)
    shared = {name for names in tied_names(traced.module) for name in names}
    tied = {name for names in manifest.tied for name in names}
    wrong = sorted(tied - shared if manifest.tied_weights == "shared" else tied & shared)
    if wrong:
        found = "are apart in the file" if manifest.tied_weights == "shared" else "are one in the file"
        detail = f"the manifest says {manifest.tied_weights}: {', '.join(wrong)} {found}"
        return Check("weights", "failed", detail, figure=float(len(wrong)), limit=0.0)
    said = f"{groups} tied, {manifest.tied_weights}" if groups else "none tied"
    return Check("weights", "passed", said, figure=0.0, limit=0.0)


def check_axes(config: Any, manifest: Manifest, runs: Sequence[Run], found: Sequence[Answer]) -> Check:
    """Say for which sizes the trace holds; one that PyTorch takes and the trace does not fails, unless it is fixed."""
    held = [answer.where for answer in found if not answer.problem]
    lost = [answer for answer in found if answer.problem and not answer.traced]
    if manifest.fixed:
        traced = ", ".join(f"{tensor.name} {list(tensor.shape)}" for tensor in manifest.inputs)
        return Check("axes", "advice", f"fixed at {traced}, as asked; pad_to pads smaller inputs", 0.0, 0.0)
    if lost:
        others = f", nor at {'; '.join(answer.where for answer in lost[1:])}" if lost[1:] else ""
        where = f"holds at {'; '.join(held)}" if held else "holds nowhere"
        hint = "Pad inputs to the traced shapes with pad_to, or trace with fixed=True (--fixed) if they are all you use"
        detail = f"does not hold at {lost[0].where} ({lost[0].problem}){others}; {where}. {hint}{_remarks(manifest)}"
        return Check("axes", "failed", detail, figure=float(len(lost)), limit=0.0)
    advice = [*contradictions(config, runs).values(), *fixed_by_model(config, runs)]
    if advice:
        return Check("axes", "advice", "; ".join(dict.fromkeys(advice)), figure=0.0, limit=0.0)
    return Check("axes", "passed", f"holds at all {len(held)} sizes that were run", figure=0.0, limit=0.0)


def check_padding(subject: Subject, traced: TracedModel, sizes: Sizes) -> Check:
    """Run sizes below the traced one through `pad_to` and hold them against the model at those very sizes.

    A model whose own values change with padding is not the trace's fault: that is advice.
    """
    shares, compared = [], []
    advice: dict[str, None] = {}
    for asked in smaller(traced.manifest, sizes):
        inputs = subject.draw(asked, PADDING)
        where = describe(Run(asked, {name: tensor.numpy() for name, tensor in inputs.items()}, {}))
        try:
            expected = _outputs(subject.flat, inputs)
        except Exception as error:
            advice[f"PyTorch does not take {where}: {first_line(error)}"] = None
            continue
        try:
            actual = pad_to(traced, inputs)
        except SizeError as error:
            advice[f"pad_to does not take {where}: {error}"] = None
            continue
        share = _share(expected, actual, subject.atol)
        if share <= 1:
            shares.append(share)
            compared.append(where)
        elif _share(_outputs_padded(subject.flat, traced.manifest, inputs), actual, subject.atol) <= 1:
            advice[f"at {where} the model itself gives other values when it is padded"] = None
        else:
            return Check("padding", "failed", f"pad_to at {where} is not what the model gives", share, 1.0)
    said = f"pad_to gives the model's values at {'; '.join(compared)}" if compared else "pad_to cannot be used"
    outcome = "advice" if advice else "passed"
    if not compared and not advice:
        return Check("padding", "advice", "nothing is smaller than the traced size")
    return Check("padding", outcome, "; ".join([said, *advice]), max(shares, default=0.0), 1.0)  # type: ignore[arg-type]


def _outputs(flat: FlatModel, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return dict(zip(flat.output_names, flat(*(inputs[name] for name in flat.input_names)), strict=True))


def _outputs_padded(flat: FlatModel, manifest: Manifest, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The model in the trace's place."""
    return pad_to(TracedModel(flat, manifest), inputs)


def _share(expected: Mapping[str, Tensor], actual: Mapping[str, Tensor], atol: float) -> float:
    """The largest share of the tolerance; infinity where shapes or types differ or something is not finite."""
    largest = 0.0
    for name, tensor in expected.items():
        _, share, problem = difference(tensor.numpy(), actual[name].numpy(), atol)
        largest = max(largest, float("inf") if problem else share)
    return largest


def as_graph(traced: TracedModel) -> Any:
    """A traced model as validation calls graphs: arrays by name in and out."""

    def graph(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        taken = {name: torch.tensor(inputs[name]) for name in traced.manifest.input_names}
        try:
            outputs = traced(**taken)
        except SizeError as error:
            raise RuntimeError(error.reason) from error  # the report says of which sizes it speaks
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    return graph


def _remarks(manifest: Manifest) -> str:
    """Where Python looked at a tensor's value while the model was traced: the likely reason for a frozen size."""
    shown = manifest.remarks[:_MOST_REMARKS]
    more = f" and {len(manifest.remarks) - len(shown)} more" if len(manifest.remarks) > len(shown) else ""
    return f". While it was traced, torch warned of {'; '.join(shown)}{more}" if shown else ""
