"""Helium: a decoder with past."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from transformers_export.models.bases import DecoderOnnxConfig
from transformers_export.onnx.config import PatchingSpec

if TYPE_CHECKING:
    from torch import Tensor


def normalized(self: Any, hidden_states: Tensor) -> Tensor:
    """What `HeliumRMSNorm.forward` computes, with a one where it has an epsilon of 1e-8.

    onnxscript 0.7.2 takes a constant of up to 1e-8 for zero and drops its addition; a padding token's row, all zeros in
    the embedding, is then divided by zero.
    """
    import torch

    dtype, epsilon = hidden_states.dtype, self.variance_epsilon
    states = hidden_states.to(torch.float32)
    variance = states.pow(2).mean(-1, keepdim=True)
    scaled = states * (torch.rsqrt(variance / epsilon + 1.0) * epsilon**-0.5)
    return (self.weight.to(torch.float32) * scaled).to(dtype)


class HeliumOnnxConfig(DecoderOnnxConfig):
    """Token ids, mask and past."""

    def __init__(
        self,
        config: Any,
        task: str = "default",
        patching_specs: list[PatchingSpec] | None = None,
        use_past: bool = False,
    ) -> None:
        norm = import_module("transformers.models.helium.modeling_helium").HeliumRMSNorm
        specs = [PatchingSpec(norm, "forward", normalized), *(patching_specs or [])]
        super().__init__(config, task, specs, use_past)
