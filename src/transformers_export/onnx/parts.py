"""What a model is exported as: one graph, or an encoder's and a decoder's where its configuration declares two.

Files are named as transformers.onnx named them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from torch import nn

from transformers_export.onnx.lengths import is_divided
from transformers_export.onnx.validation.types import Check, ValidationReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

_SEVERITY = ("passed", "advice", "not-run", "failed")


@dataclass(frozen=True)
class Part:
    """One graph of a model."""

    name: str
    """Name of its file without suffix: `model`, or `encoder_model` and `decoder_model`."""
    model: Any
    config: Any
    """Its OnnxConfig."""


def parts_of(model: Any, config: Any) -> tuple[Part, ...]:
    """The graphs of a model.

    Args:
        model: A transformers PyTorch model.
        config: Its OnnxConfig.
    """
    if not is_divided(config):
        return (Part("model", model, config),)
    whole = model.config
    encoder, projection = model.get_encoder(), getattr(model, "enc_to_dec_proj", None)
    if projection is not None:
        of_images = encoder.main_input_name == "pixel_values"
        encoder = (ProjectedImageEncoder if of_images else ProjectedTextEncoder)(encoder, projection)
    return (
        Part("encoder_model", encoder, config.get_encoder_config(whole.encoder)),
        Part(
            "decoder_model",
            model.get_decoder(),
            config.get_decoder_config(whole.encoder, whole.decoder, feature=config.task),
        ),
    )


class ProjectedEncoder(nn.Module):
    """An encoder whose states are brought to the decoder's size, once instead of with each token."""

    def __init__(self, encoder: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.projection = projection
        self.config = encoder.config

    @property
    def dtype(self) -> torch.dtype:
        """The encoder's."""
        dtype: torch.dtype = self.encoder.dtype  # type: ignore[assignment]
        return dtype

    def projected(self, **inputs: torch.Tensor | None) -> dict[str, torch.Tensor]:
        """The encoder's states `[batch, patches or sequence, size of the decoder]`."""
        return {"last_hidden_state": self.projection(self.encoder(**inputs, return_dict=True)[0])}


class ProjectedImageEncoder(ProjectedEncoder):
    """Of images."""

    def forward(self, pixel_values: torch.Tensor, return_dict: bool = True) -> dict[str, torch.Tensor]:
        """Images `[batch, channels, height, width]` to states."""
        return self.projected(pixel_values=pixel_values)


class ProjectedTextEncoder(ProjectedEncoder):
    """Of text."""

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, return_dict: bool = True
    ) -> dict[str, torch.Tensor]:
        """Ids and mask `[batch, sequence]` to states."""
        return self.projected(input_ids=input_ids, attention_mask=attention_mask)


def combined(reports: Mapping[str, ValidationReport]) -> ValidationReport:
    """One report of all parts: each check as its worst part had it, with what every part said."""
    if len(reports) == 1:
        return next(iter(reports.values()))
    named: dict[str, list[Check]] = {}
    for part, report in reports.items():
        for check in report.checks:
            named.setdefault(check.name, []).append(replace(check, detail=f"{part}: {check.detail}"))
    differences = [report.max_difference for report in reports.values() if report.max_difference is not None]
    return ValidationReport(
        tuple(_worst(checks) for checks in named.values()),
        tuple(output for report in reports.values() for output in report.outputs),
        max(differences, default=None),
        min(report.tolerance for report in reports.values()),
        next((report.located for report in reports.values() if report.located), None),
    )


def _worst(checks: Sequence[Check]) -> Check:
    worst = max(checks, key=lambda check: (_SEVERITY.index(check.outcome), check.figure or 0.0))
    return replace(worst, detail="; ".join(check.detail for check in checks))
