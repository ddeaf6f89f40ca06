"""`transformers-export export`: the exporters' own commands under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def run(options: Namespace) -> int:
    """Hand what follows to `python -m transformers_export.torchscript` or, without that word, `... .onnx`."""
    if options.arguments[:1] == ["torchscript"]:
        from transformers_export.torchscript.command import main as trace

        return trace(options.arguments[1:])
    from transformers_export.onnx.command import main

    return main(options.arguments)
