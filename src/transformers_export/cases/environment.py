"""The environment of the project interpreter: what it may see of ours, and where it finds our package.

What is installed in that interpreter, and whether it fits, is in `versions.py`.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import transformers_export

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALLOWED = frozenset(
    """
    PATH HOME USER LOGNAME LANG LANGUAGE TZ TMPDIR TEMP TMP VIRTUAL_ENV CONDA_PREFIX LD_LIBRARY_PATH DYLD_LIBRARY_PATH
    SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE APPDATA LOCALAPPDATA PROGRAMDATA NUMBER_OF_PROCESSORS
    XDG_CACHE_HOME HF_HOME HF_HUB_CACHE HF_MODULES_CACHE CUDA_VISIBLE_DEVICES
    """.split()  # noqa: SIM905 - a list of words is read faster than a list of strings
)
"""Variables a case may see. A list of what may pass, not of what may not: a token by an unforeseen name stays out."""
_ALLOWED_PREFIX = "LC_"
_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def scrubbed(environ: Mapping[str, str], search_path: Iterable[Path]) -> dict[str, str]:
    """Return the environment for the project interpreter.

    Args:
        environ: our own environment.
        search_path: folders its Python searches before its installed packages.

    No token passes, the Hub is off (cases are built from configurations, nothing is downloaded), one thread a library:
    cases run side by side.
    """
    kept = {
        name: value for name, value in environ.items() if name.upper() in ALLOWED or name.startswith(_ALLOWED_PREFIX)
    }
    return {
        **kept,
        **dict.fromkeys(_THREADS, "1"),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_TOKEN_PATH": os.devnull,
        "TRANSFORMERS_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in search_path),
    }


def isolated(python: str, program: str, repository: Iterable[Path], search_path: Iterable[Path]) -> list[str]:
    """Return the command that starts a program of ours (`serve`, `installed`) and nothing of the repository.

    Args:
        python: the project interpreter.
        program: the module of this folder whose `main` is called.
        repository: the folders of the checked repository.
        search_path: folders in it that a case searches before the installed packages.
    """
    places = {"folders": [str(folder) for folder in repository], "first": [str(folder) for folder in search_path]}
    return [python, "-S", "-m", "transformers_export.cases.isolated_start", json.dumps(places), program]


def expose_package(directory: Path) -> Path:
    """Return a folder below `directory` that holds our package and nothing else.

    When we are installed, our parent folder is a site-packages full of the tool's own dependencies: put on the project
    interpreter's path it would shadow what is installed there.
    """
    package = Path(transformers_export.__file__).resolve().parent
    folder = directory / "package"
    folder.mkdir()
    link = folder / package.name
    try:
        link.symlink_to(package, target_is_directory=True)
    except OSError:  # Windows without the right to make links
        shutil.copytree(package, link)
    return folder
