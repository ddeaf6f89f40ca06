"""transformers.onnx of 4.48 with torch's TorchScript-based exporter, which was the only one it knew.

torch has made dynamo the default since. Run by peers.py in that environment: `python peers_forced.py ARGUMENTS`.
"""

from __future__ import annotations

import functools
import runpy
from typing import Any

import torch

exporter: Any = torch.onnx
exporter.export = functools.partial(torch.onnx.export, dynamo=False)
runpy.run_module("transformers.onnx", run_name="__main__", alter_sys=True)
