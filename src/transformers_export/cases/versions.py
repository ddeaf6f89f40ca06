"""What must be installed in the project interpreter, and what to say when it is not.

Decisions on version numbers alone. Who asks the interpreter is `launch.py`; what goes wrong later, while cases run, is
in `outcome.py`.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NEEDED = {"torch": "2.9", "transformers": "4.48"}
"""Distribution -> lowest version that fits."""
NEEDED_BY_ONNX = {"onnx": "1.17", "onnxruntime": "1.21", "onnx-ir": "0.1.16"}
NEEDED_BY_DYNAMO = {"onnxscript": "0.6.1"}
LOWEST_PYTHON = "3.10"
TESTED = {
    "python": ("3.11",),
    "torch": ("2.13", "2.14"),
    "transformers": ("4.48", "4.57", "5.17", "5.24"),
}
"""What our own tests ran with, by minor version."""


class EnvironmentProblem(Exception):  # noqa: N818 - EnvironmentError is a builtin
    """The project interpreter cannot run cases. The message is one sentence on what is wrong and one command."""


def require(versions: Mapping[str, str], python: str, *, exporters: Iterable[str]) -> None:
    """Check that everything the cases need is there and new enough.

    Args:
        versions: distribution -> version in the project interpreter; what is missing is absent.
        python: the project interpreter, as the command line wants it.
        exporters: what the cases ask for; `dynamo` and `auto` need more than `legacy`, `torchscript` nothing of ONNX.

    Raises:
        EnvironmentProblem: names everything that is missing or too old, and the command that installs it.
    """
    if _numbers(versions["python"]) < _numbers(LOWEST_PYTHON):
        raise EnvironmentProblem(
            f"{python} is Python {versions['python']}, expected {LOWEST_PYTHON} or newer. "
            "Name another interpreter with --python or the setting `python`."
        )
    asked = set(exporters)
    needed = NEEDED | (NEEDED_BY_ONNX if asked != {"torchscript"} else {})
    needed |= NEEDED_BY_DYNAMO if {"dynamo", "auto"} & asked else {}
    missing = [name for name in needed if name not in versions]
    old = [name for name in needed if name in versions and _numbers(versions[name]) < _numbers(needed[name])]
    if not missing and not old:
        return
    said = [f"{name} is not installed" for name in missing]
    said += [f"{name} is {versions[name]}, expected {needed[name]} or newer" for name in old]
    wanted = " ".join(f'"{name}>={needed[name]}"' for name in [*missing, *old])
    raise EnvironmentProblem(
        f"The project interpreter cannot run cases: {', '.join(said)}. "
        f"Run: {shlex.quote(python)} -m pip install {wanted}"
    )


def untested(versions: Mapping[str, str]) -> tuple[str, ...]:
    """Return one sentence for each package whose minor version our tests never ran with."""
    return tuple(
        f"{name} {versions[name]} is untested; tested are {', '.join(tested)}."
        for name, tested in TESTED.items()
        if name in versions and not any(_numbers(versions[name])[:2] == _numbers(one) for one in tested)
    )


def _numbers(version: str) -> tuple[int, ...]:
    """`2.13.0+cpu` -> (2, 13, 0): release numbers only, as far as they go."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match.group().split(".")) if match else ()
