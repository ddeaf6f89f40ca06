"""What a process may do that exports one model and then ends, and no library may do to its caller."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SMALL = 1 << 30
"""Below this many bytes of weights a second thread waits more than it works at the sizes that validation runs."""


def run(main: Callable[[], int]) -> None:
    """Run a command as the whole process: exit code, `atexit` and flushed streams, but no module is torn down.

    The garbage collector rests while modules are imported: nothing of them is garbage.
    """
    gc.disable()
    code = 1
    try:
        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    atexit._run_exitfuncs()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def settle(model: Any) -> None:
    """After a model was loaded: collect garbage again, of what comes from now on, and take one thread for a small one.

    Threads stay as they are where `OMP_NUM_THREADS` says how many.
    """
    import torch

    gc.freeze()
    gc.enable()
    size = sum(tensor.nbytes for tensor in model.parameters())
    if size < _SMALL and not os.environ.get("OMP_NUM_THREADS"):
        os.environ["OMP_NUM_THREADS"] = "1"  # read by ONNX Runtime's sessions
        torch.set_num_threads(1)
