"""What decides the length of each axis of a trace: of inputs by their declaration, of outputs by running the model.

Labels of configurations written for transformers.onnx are not always true, so outputs are measured at two sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from transformers_export.onnx import probing
from transformers_export.onnx.inputs import TRACED, Sizes
from transformers_export.onnx.lengths import axis_kind, covers_past, fixes_decoder, settled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from transformers_export.onnx.flat import FlatModel
    from transformers_export.torchscript.manifest import Kind

_SECOND = Sizes(batch=3, sequence=11, decoder=4, past=5, choices=3)
_OUTPUT_KINDS: tuple[Kind, ...] = ("batch", "choices", "sequence", "decoder", "past+sequence", "past+decoder", "past")


def of_inputs(config: Any, template: Mapping[str, Tensor]) -> dict[str, dict[int, Kind]]:
    """The kind of every declared axis of every input."""
    return {name: {axis: _of_input(config, template, name, axis) for axis in config.inputs[name]} for name in template}


def of_outputs(flat: FlatModel, config: Any, template: Mapping[str, Tensor]) -> dict[str, dict[int, Kind]]:
    """The kind of every output axis whose length differs between two sizes.

    An axis that follows none of our lengths is `free`. Where the model takes only one of the sizes, nothing is known
    and nothing is returned.
    """
    sizes = [settled(config, template, probing.tied(flat, config, template, one)) for one in (TRACED, _SECOND)]
    if not all(probing.takes(flat, config, template, one) for one in sizes):
        return {}
    shapes = [[tuple(out.shape) for out in probing.outputs_at(flat, config, template, one)] for one in sizes]
    lengths = [_lengths(one) for one in sizes]
    return {
        name: {
            axis: _followed(pair, lengths)
            for axis, pair in enumerate(zip(first, second, strict=True))
            if pair[0] != pair[1]
        }
        for name, first, second in zip(flat.output_names, *shapes, strict=True)
    }


def _of_input(config: Any, template: Mapping[str, Tensor], name: str, axis: int) -> Kind:
    kind = axis_kind(config, name, axis)
    if kind in ("sequence", "decoder") and covers_past(template, name):
        return cast("Kind", f"past+{kind}")
    return "free" if kind == "decoder" and fixes_decoder(config) else kind


def _lengths(sizes: Sizes) -> dict[Kind, int]:
    return {
        "batch": sizes.batch,
        "choices": sizes.choices,
        "sequence": sizes.sequence,
        "decoder": sizes.decoder,
        "past": sizes.past,
        "past+sequence": sizes.past + sizes.sequence,
        "past+decoder": sizes.past + sizes.decoder,
    }


def _followed(pair: tuple[int, int], lengths: Sequence[Mapping[Kind, int]]) -> Kind:
    return next((kind for kind in _OUTPUT_KINDS if pair == (lengths[0][kind], lengths[1][kind])), "free")
