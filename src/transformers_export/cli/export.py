"""`transformers-export export`: the exporter's own command under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.cli.extras import load

if TYPE_CHECKING:
    from argparse import Namespace


def run(options: Namespace) -> int:
    """Hand everything after `export` to `python -m transformers_export.onnx`."""
    code: int = load("transformers_export.onnx.__main__", "onnx").main(options.arguments)
    return code
