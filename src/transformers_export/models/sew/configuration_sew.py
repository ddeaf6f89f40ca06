"""SEW: an encoder of raw sound that halves its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.models.speech import WaveOnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping


class SEWOnnxConfig(WaveOnnxConfig):
    """A wave."""

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Make example waves of one frame more than a multiple of the squeeze factor.

        The model puts back the frames that squeezing left over. Traced where there are none, a graph would never.
        """
        made = dict(super().generate_dummy_inputs(preprocessor, *args, **kwargs))
        samples = made["input_values"].shape[1]
        while self._frames(samples) % self._config.squeeze_factor != 1:
            samples -= 1
        return {name: tensor[:, :samples] for name, tensor in made.items()}

    def _frames(self, samples: int) -> int:
        for kernel, stride in zip(self._config.conv_kernel, self._config.conv_stride, strict=True):
            samples = (samples - kernel) // stride + 1
        return samples
