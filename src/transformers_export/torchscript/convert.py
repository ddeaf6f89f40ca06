"""`export()`: a checkpoint's model traced at sizes of one's choice and saved, with its declared inputs made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx import probing
from transformers_export.onnx.flat import prepared
from transformers_export.onnx.inputs import TRACED, Sizes, make_inputs, template_inputs
from transformers_export.torchscript.saving import save
from transformers_export.torchscript.tracing import trace

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from transformers_export.torchscript.loading import TracedModel


def export(
    preprocessor: Any, model: Any, config: Any, output: Path | str, *, sizes: Sizes = TRACED, **options: Any
) -> TracedModel:
    """Trace a model for a feature and save it with its configuration and preprocessor.

    Args:
        preprocessor: Tokenizer, image processor or feature extractor that belongs to the model.
        model: A transformers PyTorch model; left as it was.
        config: Its OnnxConfig, ours or one that derives from transformers.onnx.OnnxConfig. Functions that it replaces
            for ONNX (`patching_specs`) stay as they are: TorchScript has every operator of PyTorch.
        output: Directory, or a path that ends in `.pt`; see `save`.
        sizes: The lengths to trace at, of the axes that vary. A trace may hold for no others: `validate` says.
        **options: Those of `trace`.

    Raises:
        ValueError: The model does not take inputs of these sizes, or what `trace` and `save` raise.
    """
    traced = trace(model, example_inputs(preprocessor, model, config, sizes), config=config, **options)
    save(traced, output, config=model.config, preprocessor=preprocessor)
    return traced


def example_inputs(preprocessor: Any, model: Any, config: Any, sizes: Sizes) -> dict[str, Tensor]:
    """Inputs to trace at: the configuration's own, brought to `sizes`, random from a fixed seed.

    Both sides of a sequence-to-sequence model get the encoder's length where the model refuses two.
    """
    with prepared(model, config) as flat:
        template = template_inputs(config, preprocessor, model)
        return make_inputs(config, template, probing.tied(flat, config, template, sizes))
