"""Which extra brings what: a command that needs more than the core says so in one line instead of a traceback."""

from __future__ import annotations

import sys

_EXTRAS = {
    "fix": "libcst",
    "report": "jinja2 markupsafe actions_toolkit github requests urllib3 rich junitparser",
    "onnx": "torch transformers onnx onnxruntime onnxscript onnx_ir numpy PIL psutil platformdirs",
}


def how_to_install(error: ModuleNotFoundError) -> str | None:
    """Return a sentence with the command that brings a missing package, or None when no extra of ours would."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in _EXTRAS.items():
        if package in packages.split():
            command = f'{sys.executable} -m pip install "transformers-export[{extra}]"'
            return f"This needs {package}, which is not installed here. Run: {command}"
    return None
