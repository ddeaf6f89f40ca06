"""What is installed in the project interpreter, to the last file, without importing any of it.

Worker side: started there by `isolated_start.py` with ROOT, needs the standard library alone and takes a tenth of a
second. Prints one JSON object: `versions`, `digest` and `outside`, which says what an installed
version does not tell.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import site
import sys
import sysconfig
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from transformers_export.cases import isolated_start
from transformers_export.cases.serve import installed_versions

_OURS = "transformers-export"


def main(arguments: list[str]) -> int:
    """Print what is installed here; the argument is the checked repository, whose own code others look at."""
    searched = isolated_start.case_path()
    own = [Path(arguments[0]).resolve(), *(Path(entry).resolve() for entry in searched[:1])]
    lines = [platform.python_version(), platform.python_implementation(), sys.platform, platform.machine()]
    outside = list(_loose(own, searched))
    for found in distributions(path=searched):
        name = (found.metadata["Name"] or "").lower().replace("_", "-")
        if name == _OURS:
            continue  # our own code is looked at file by file, wherever it comes from
        origin, editable = _origin(found)
        is_own = origin is not None and any(origin.is_relative_to(root) for root in own)
        lines.append(_line(found, name, is_own=is_own))
        outside += [f"{name} is installed as editable from {origin}"] if editable and not is_own else []
    digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    print(json.dumps({"versions": installed_versions(), "digest": digest, "outside": outside[0] if outside else ""}))
    return 0


def _line(found: Distribution, name: str, *, is_own: bool) -> str:
    """Name, version, and what was installed under that name: a build of the same version may hold other files.

    Of the checked repository itself its Python is looked at elsewhere, and its version may change with every commit.
    """
    record = (found.read_text("RECORD") or "").splitlines()
    # Scripts beside the packages begin with the interpreter's path, and bytecode has no hash.
    files = sorted(line for line in record if not line.startswith("../") and "__pycache__" not in line)
    if is_own:
        files = [line for line in files if not re.search(r"\.dist-info/|^__editable__|\.py,", line)]
    version = "" if is_own else found.version
    return f"{name}=={version} {hashlib.sha256(chr(10).join(files).encode()).hexdigest()}"


def _origin(found: Distribution) -> tuple[Path | None, bool]:
    """The folder or file a distribution was installed from where that is said, and whether it is still run there."""
    try:
        said = json.loads(found.read_text("direct_url.json") or "{}")
        url = urlsplit(str(said.get("url", "")))
        editable = bool(said.get("dir_info", {}).get("editable"))
    except (ValueError, AttributeError):
        return None, True  # in doubt it is somewhere else
    return Path(url2pathname(url.path)).resolve() if url.scheme == "file" else None, editable


def _loose(own: list[Path], path: list[str]) -> list[str]:
    """Folders that are searched for modules and belong neither to Python nor to the repository."""
    kept = [Path(path).resolve() for path in sysconfig.get_paths().values()]
    kept += [Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), *own]
    kept.append(Path(site.getusersitepackages()).resolve())
    kept.append(Path(__file__).resolve().parents[2])  # our own source, which is looked at file by file
    searched = [Path(entry).resolve() for entry in path if entry]
    loose = [path for path in searched if path.exists() and not any(path.is_relative_to(one) for one in kept)]
    named = [path for path in loose if path.name not in ("site-packages", "dist-packages")]
    return [f"{path} is searched for modules" for path in named]
