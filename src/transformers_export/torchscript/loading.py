"""A traced model with its names: what `trace` gives and `load` brings back. torch alone is imported here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

from transformers_export.torchscript.manifest import Manifest, model_file, read_manifest
from transformers_export.torchscript.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


class SizeError(ValueError):
    """Inputs of a size that a trace does not take. `reason` is the tail of it: torch's own words, where it has some."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message


class TracedModel:
    """A traced model that takes and gives tensors by name.

    Args:
        module: The traced function, a torch.jit.ScriptModule: tensors in the manifest's order in, a tuple in the
            manifest's order out.
        manifest: What it says of itself.
    """

    def __init__(self, module: Any, manifest: Manifest) -> None:
        self.module = module
        self.manifest = manifest

    def __call__(self, *tensors: Tensor, **named: Tensor) -> dict[str, Tensor]:
        """Run the trace.

        Args:
            *tensors: The inputs in the manifest's order, or
            **named: the same by name. Past key values are `**{"past_key_values.0.key": ...}`.

        Returns:
            Outputs by name.

        Raises:
            TypeError: An input is missing, or the trace does not take it.
            SizeError: The trace holds only for other sizes.
        """
        given = self._ordered(tensors, named)
        self._require_shapes(given)
        try:
            outputs = self.module(*given)
        except RuntimeError as error:
            reason = _reason(error)
            raise SizeError(
                f"The trace was made at {self._traced()} and does not take {self._shapes(given)}: {reason}. "
                "Give it inputs of the traced shapes; transformers_export.torchscript.pad_to pads smaller ones.",
                reason,
            ) from error
        return dict(zip(self.manifest.output_names, outputs, strict=True))

    def _ordered(self, tensors: tuple[Tensor, ...], named: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        names = self.manifest.input_names
        given = {**dict(zip(names, tensors, strict=False)), **named}
        unknown = sorted(named.keys() - set(names))
        missing = [name for name in names if name not in given]
        twice = [name for name in names[: len(tensors)] if name in named]
        if unknown or missing or twice or len(tensors) > len(names):
            wrong = [f"it does not take {unknown}"] if unknown else []
            wrong += [f"{missing} are missing"] if missing else []
            wrong += [f"{twice} came twice"] if twice else []
            wrong += [f"{len(tensors)} tensors came"] if len(tensors) > len(names) else []
            raise TypeError(f"The trace takes {list(names)}: {', '.join(wrong)}.")
        return tuple(given[name] for name in names)

    def _require_shapes(self, given: tuple[Tensor, ...]) -> None:
        if self.manifest.fixed and any(
            tuple(tensor.shape) != traced.shape for tensor, traced in zip(given, self.manifest.inputs, strict=True)
        ):
            raise SizeError(
                f"The trace is fixed at {self._traced()}, got {self._shapes(given)}. "
                "transformers_export.torchscript.pad_to pads smaller inputs."
            )

    def _traced(self) -> str:
        return ", ".join(f"{tensor.name} {list(tensor.shape)}" for tensor in self.manifest.inputs)

    def _shapes(self, given: tuple[Tensor, ...]) -> str:
        names = self.manifest.input_names
        return ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in zip(names, given, strict=True))


def load(path: Path | str) -> TracedModel:
    """Load what `save` wrote. Needs torch, and for the target `neuron` AWS's SDK.

    Args:
        path: The directory, or the `.pt` file.

    Raises:
        FileNotFoundError: There is no such file.
        ManifestError: It was not saved by `save`.
        RuntimeError: torch cannot load it.
    """
    manifest = read_manifest(path)
    if manifest.target == "neuron":
        import_module("transformers_export.torchscript.neuron").require_runtime()
    with quiet():
        module = torch.jit.load(str(model_file(path)), map_location="cpu")
    return TracedModel(module, manifest)


def _reason(error: RuntimeError) -> str:
    """The last line of torch's message: above it stands where in the trace it happened."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].removeprefix("RuntimeError: ")[:300].rstrip(".") if lines else type(error).__name__
