"""One case in a process of its own: limits on, streams into a file, run, result into a file.

Worker side, in the project interpreter: the standard library alone at module level. Who starts this process and who
ends it is in `serve.py` and `workers.py`; what a case does is in `run.py`.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cases.failure import cause_of, describe, is_out_of_memory
from transformers_export.cases.imports import source_folders
from transformers_export.cases.protocol import (
    MAX_RESULT_BYTES,
    case_file,
    decode_case,
    encode_result,
    log_file,
    result_file,
)
from transformers_export.onnx.exporters import ExporterMissingError
from transformers_export.verdict.types import CaseResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers_export.cases.types import Case, Provider

OUT_OF_MEMORY = 77
"""Exit code of a case that was refused memory: its limit, not its fault."""
EXPORTER_MISSING = 79
"""Exit code of a case whose exporter the installed torch does not have."""
NOT_CONTAINED = 78
"""Exit code of a case that did not get the namespaces which the server had tried: it is not run without them."""


def run_in_directory(directory: Path, runner: str) -> int:
    """Run the case that lies in `directory` and leave the result there.

    Args:
        directory: holds the case's file; everything the case writes stays below it.
        runner: `module:function`, imported here and called with the case.

    Returns:
        The exit code of the process: 0 when there is a result, whatever it says, else `OUT_OF_MEMORY` or
        `EXPORTER_MISSING`.
    """
    _redirect(log_file(directory))
    gc.disable()  # the collector costs a third of an export, and a process of seconds frees all by ending
    case = decode_case(case_file(directory).read_bytes())
    scratch = directory / "scratch"
    scratch.mkdir()
    keep_files_in(scratch)
    _limit_memory(case.memory_limit)
    _prepend_project(case.provider)
    try:
        result = _load(runner)(case)
    except Exception as error:
        if is_out_of_memory(error):
            return OUT_OF_MEMORY
        if isinstance(error, ExporterMissingError):
            return EXPORTER_MISSING
        own = [case.provider.folder] if case.provider.folder else []
        result = CaseResult(
            case.model_type,
            case.feature,
            case.target,
            case.exporter,
            outcome="failed",
            cause=cause_of(error, own=own),
            error=describe(error, own=own),
        )
    _write(result_file(directory), encode_result(result))
    return 0


def _load(runner: str) -> Callable[[Case], CaseResult]:
    module, _, function = runner.partition(":")
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]


def _redirect(log: Path) -> None:
    """Send what the case prints, and what its libraries print from C, to the log; give it nothing to read."""
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("wb") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    faulthandler.enable(2)  # a crash leaves its Python frames in the log


def keep_files_in(scratch: Path) -> None:
    """Let everything the case's libraries write go below `scratch`, also where the server read the place before us."""
    os.environ["TMPDIR"] = os.environ["TEMP"] = os.environ["TMP"] = str(scratch)
    tempfile.tempdir = None
    modules = os.environ["HF_MODULES_CACHE"] = str(scratch / "modules")
    for name in ("transformers.utils", "transformers.utils.hub", "transformers.dynamic_module_utils"):
        if hasattr(sys.modules.get(name), "HF_MODULES_CACHE"):
            sys.modules[name].HF_MODULES_CACHE = modules  # type: ignore[attr-defined]
    os.chdir(scratch)


def _prepend_project(provider: Provider) -> None:
    """Let the checked repository's own modules be found first, installed or not."""
    if provider.folder:
        sys.path[:0] = source_folders(provider.folder, provider.modules)


def _limit_memory(limit: int) -> None:
    """Refuse address space far beyond the limit: a net for growth faster than the tool can look.

    Address space is more than memory (mapped files, reserved arenas, thread stacks), so the net hangs at twice the
    limit above what is mapped already. Not with CUDA, which reserves whole terabytes, and only where the kernel counts.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    torch = sys.modules.get("torch")
    if torch is not None and getattr(torch.version, "cuda", None):
        return
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + 2 * limit
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _write(path: Path, data: bytes) -> None:
    """Write to a temporary name and rename, so that a reader never sees half a result."""
    if len(data) > MAX_RESULT_BYTES:
        raise ValueError(f"Expected a result of at most {MAX_RESULT_BYTES} bytes, got {len(data)}.")
    partial = path.with_suffix(".part")
    partial.write_bytes(data)
    partial.replace(path)
