"""`transformers-export export`: the exporter's own command under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def run(options: Namespace) -> int:
    """Hand everything after `export` to `python -m transformers_export.onnx`."""
    from transformers_export.onnx.command import main

    return main(options.arguments)
