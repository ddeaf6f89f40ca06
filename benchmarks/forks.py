"""Exports in forks of one process, measured in CPU seconds: what `exporter.py` and `levers.py` share.

    python benchmarks/forks.py VARIANT       serves: one line "model-type feature" in, one line of JSON out

A variant says what the process does before it forks and what a fork does before it exports. `ours` is what `check`
does; `plain` is a call of transformers' exporter as it comes, of the same function of the same model, in a process that
has imported the exporter; each other variant is `ours` without one lever.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from performance import ROOT
from stages import sampled

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx_ir


@dataclass(frozen=True)
class Measured:
    """One export."""

    capture: float
    """CPU seconds of the call that captures the graph."""
    case: float
    """CPU seconds of the whole fork: model, export, file, validation, result."""
    nodes: int
    digest: str
    """Of the captured graph without the names in it."""
    passed: bool
    stages: dict[str, int]
    """Samples by stage of the export, see `stages.py`."""


class Forks:
    """A process that exports in forks of itself."""

    def __init__(self, variant: str, exporter: str = "dynamo") -> None:
        threads = {} if variant == "threads" else {"OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "benchmarks" / "forks.py"), variant, exporter],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **threads},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._replies = self._process.stdin, self._process.stdout
        self.start = float(json.loads(self._replies.readline()))
        """CPU seconds until the first fork."""

    def export(self, model_type: str, feature: str) -> Measured:
        """Export one pair in a fork."""
        self._requests.write(f"{model_type} {feature}\n")
        self._requests.flush()
        return Measured(**json.loads(self._replies.readline()))

    def close(self) -> None:
        """End the process."""
        self._requests.close()
        self._process.wait()


def serve(variant: str, exporter: str) -> None:
    """Import, warm up, fork an export for every line that is read."""
    replies = os.dup(1)
    os.dup2(2, 1)
    if variant not in ("plain", "collector"):
        gc.disable()
    import onnxruntime  # noqa: F401
    import onnxscript  # noqa: F401
    import torch
    from transformers.exporters import exporter_onnx  # noqa: F401

    import onnx  # noqa: F401
    import transformers_export.cases.run  # noqa: F401
    from transformers_export.onnx.exporters import warm

    if variant != "threads":
        torch.set_num_threads(1)
    without(variant)
    if variant not in ("plain", "not-warmed"):
        warm.legacy()
        if exporter == "dynamo":
            warm.dynamo()
    if variant not in ("plain", "collector"):
        gc.collect()
        gc.freeze()
    _say(replies, time.process_time())
    for line in sys.stdin:
        model_type, feature = line.split()
        read, write = os.pipe()
        if os.fork() == 0:
            _be_the_case(write, variant, exporter, model_type, feature)
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as stream:
            said = stream.read()
        _, _, used = os.wait3(0)
        facts = json.loads(said)
        aside = facts.pop("aside")
        _say(replies, {**facts, "case": used.ru_utime + used.ru_stime - aside})


def without(variant: str) -> None:
    """Take one lever away, for this process and its forks."""
    from transformers_export.onnx.exporters import dynamo, settings

    names = {"stack-traces": "do_not_emit_stack_traces", "shape-cache": "fake_tensor_cache_enabled"}
    if variant in names:
        setting: Any = settings._set

        def kept(owner: Any, name: str, *more: Any, **given: Any) -> Any:
            return contextlib.nullcontext() if name == names[variant] else setting(owner, name, *more, **given)

        settings._set = kept  # type: ignore[assignment]
    if variant == "arithmetic":
        settings.arithmetic_remembered = contextlib.nullcontext  # type: ignore[assignment]
    if variant == "registry":
        settings.torchlib_built_once = contextlib.nullcontext  # type: ignore[assignment]
    if variant == "plain":
        dynamo.set_for_export = lambda **_: contextlib.nullcontext()  # type: ignore[assignment]


def _be_the_case(write: int, variant: str, exporter: str, model_type: str, feature: str) -> None:
    """Export, say what it took, and end without the parent's clean-up."""
    try:
        if variant not in ("plain", "collector"):
            gc.disable()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            _say(write, _export(exporter, model_type, feature))
    finally:
        os._exit(0)


def _export(exporter: str, model_type: str, feature: str) -> dict[str, Any]:
    from transformers_export.cases.run import run_case
    from transformers_export.cases.types import Case, Provider
    from transformers_export.onnx import exporters

    captured: list[onnx_ir.Model] = []
    spent: list[float] = []
    aside: list[float] = []
    digests: list[str] = []
    find = exporters.find

    def timed(name: str) -> Callable[..., onnx_ir.Model]:
        capture = find(name)

        def call(*given: Any) -> onnx_ir.Model:
            start = time.process_time()
            captured.append(capture(*given))
            spent.append(time.process_time() - start)
            digests.append(_digest(captured[-1]))  # before the contract's names are written on it
            aside.append(time.process_time() - start - spent[-1])
            return captured[-1]

        return call

    exporters.find = timed
    with warnings.catch_warnings(), sampled() as counted:
        warnings.simplefilter("ignore")
        result = run_case(Case(model_type, feature, "onnx", exporter, Provider("ready-made")))  # type: ignore[arg-type]
    return {
        "capture": sum(spent),
        "aside": sum(aside),
        "nodes": sum(len(list(model.graph)) for model in captured),
        "digest": " ".join(digests),
        "passed": result.outcome == "passed",
        "stages": counted,
    }


def _digest(model: onnx_ir.Model) -> str:
    from support.graphs import canonical

    return hashlib.sha256(repr(canonical(model)).encode()).hexdigest()[:12]


def _say(descriptor: int, what: Any) -> None:
    os.write(descriptor, (json.dumps(what) + "\n").encode())


if __name__ == "__main__":
    serve(*sys.argv[1:])
