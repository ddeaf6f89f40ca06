"""The identity of a case: everything that decides its result, as one digest. Same identity, same result.

It is made of the case as planned (options and settings in it), the code and data of the repository that bear on the
model (`content.py`), the project interpreter with all that is installed there (`installed.py`), and our own code.
What a model reads at run time from outside the repository (a file by its absolute path, the clock) is not in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import transformers_export
from transformers_export.cases.content import Content
from transformers_export.cases.environment import expose_package, isolated, scrubbed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transformers_export.cases.types import Case
    from transformers_export.source.snapshot import Snapshot

_PATIENCE = 60.0
"""Seconds the project interpreter may take to say what it has."""


@dataclass(frozen=True)
class Identity:
    """What decides the result of one case."""

    key: str = ""
    """Hexadecimal digest; empty where not everything that decides is known."""
    why_not: str = ""


def identities(
    cases: Sequence[Case],
    snapshot: Snapshot,
    python: str,
    folder: Path,
    search_path: Iterable[Path],
    repository: Iterable[Path] = (),
) -> list[Identity]:
    """Return the identity of each case.

    Args:
        cases: what is planned.
        snapshot: the repository as it is checked.
        python: the project interpreter. It is asked what is installed and imports none of it.
        folder: where the code that the cases run lies.
        search_path: folders the project interpreter searches before its packages.
        repository: where else the repository lies, of which nothing may run here.
    """
    installed, why = _installed(python, folder, tuple(search_path), (folder, *repository))
    if why:
        return [Identity(why_not=why) for _ in cases]
    content = Content(snapshot)
    about: dict[str, tuple[str, str]] = {}
    found = []
    for case in cases:
        if case.model_type not in about:
            about[case.model_type] = content.of(case.model_type)
        code, why = about[case.model_type]
        found.append(Identity(why_not=why) if why else Identity(_key(case, code, installed)))
    return found


def _key(case: Case, code: str, installed: str) -> str:
    placed = replace(case, provider=replace(case.provider, folder=""))
    parts = {"case": asdict(placed), "code": code, "installed": installed, "ours": _our_code()}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _installed(
    python: str, folder: Path, search_path: tuple[Path, ...], repository: tuple[Path, ...]
) -> tuple[str, str]:
    """Digest of the project interpreter and what is installed there, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="transformers-export-") as directory:
        package = expose_package(Path(directory))
        command = isolated(python, "installed", repository, search_path)
        try:
            done = subprocess.run(
                [*command, str(folder)],
                env=scrubbed(os.environ, (package,)),
                cwd=package,
                capture_output=True,
                timeout=_PATIENCE,
                check=True,
            )
            said: dict[str, Any] = json.loads(done.stdout)
            return str(said["digest"]), str(said["outside"])
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
            return "", f"{python} does not say what is installed ({type(error).__name__})"


@lru_cache(maxsize=1)
def _our_code() -> str:
    """Digest of our own package: the version alone does not change while we develop."""
    root = Path(transformers_export.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
