"""What a case is: one model type, feature and exporter to be exported and validated.

Plain frozen dataclasses of the standard library: the planner writes them in the tool interpreter, the worker reads
them in the project interpreter. How cases are chosen is in `plan.py`, how they run in `workers.py` and `run.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from transformers_export.verdict.types import Affected, NotChecked, Target  # noqa: TC001 - decoders resolve them

ProviderKind = Literal["transformers", "ready-made", "package", "remote-code"]
ExporterChoice = Literal["dynamo", "legacy", "auto", "torchscript"]
"""Which exporter captures the graph; a TorchScript case has none to choose and carries its target's name."""

DEFAULT_TIMEOUT = 600.0
"""Seconds a case may take."""
DEFAULT_MEMORY_LIMIT = 8 * 2**30
"""Bytes the process tree of a case may use."""


@dataclass(frozen=True)
class Provider:
    """How the worker finds the model's configuration class and its OnnxConfig class.

    - `transformers`: a 4.x checkout; the registry is `transformers.onnx.features` of the project interpreter.
    - `ready-made`: a 5.x checkout; the registry is `transformers_export.onnx.features`.
    - `package`: `modules` are imported (they call `FeaturesManager.register` and `AutoConfig.register`), then the
      registry is `transformers_export.onnx.features`.
    - `remote-code`: `folder` is loaded with `trust_remote_code`, the OnnxConfig class is `onnx_config`.
    """

    kind: ProviderKind
    modules: tuple[str, ...] = ()
    """Dotted modules to import, in order."""
    folder: str = ""
    """Absolute path of the Hub folder, or of the repository root."""
    onnx_config: str = ""
    """`configuration_x.XOnnxConfig`, relative to `folder`; only for remote code."""


@dataclass(frozen=True)
class Case:
    """One export to run and validate."""

    model_type: str
    """The registry's key, e.g. `distilbert`."""
    feature: str
    """E.g. `causal-lm-with-past`."""
    target: Target
    exporter: ExporterChoice
    provider: Provider
    opset: int | None = None
    atol: float | None = None
    timeout: float = DEFAULT_TIMEOUT
    memory_limit: int = DEFAULT_MEMORY_LIMIT
    expected_failure: str | None = None
    """The reason from the settings, where the case is known to fail."""

    @property
    def id(self) -> str:
        """Stable name: `distilbert/masked-lm/dynamo`, `distilbert/masked-lm/torchscript`."""
        return f"{self.model_type}/{self.feature}/{self.exporter}"


@dataclass(frozen=True)
class Plan:
    """What a check exports, why, and what it leaves out."""

    cases: tuple[Case, ...] = ()
    affected: tuple[Affected, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
