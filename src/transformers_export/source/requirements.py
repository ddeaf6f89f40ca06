"""Which versions of a package the checked project allows, as its pyproject.toml says."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers_export.source.tree import Tree

_NAME = r"^\s*([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)"
_BOUND = r"^\s*(<=|<|===|==|~=|>=|>|!=)\s*(\d+)((?:\.(?:\d+|\*))*)\S*\s*$"
"""Not compiled on import: few checks ask."""


def allows(tree: Tree, package: str, major: int) -> bool | None:
    """Whether the project's dependencies allow releases of a package from a major version on.

    None where they do not name the package, or name it in a form that is not read: a URL, a release candidate alone.
    """
    content = tree.read("pyproject.toml")
    table = _load(content) if content is not None and package.encode() in content.lower() else {}
    project = table.get("project")
    listed = project.get("dependencies") if isinstance(project, dict) else None
    for item in listed if isinstance(listed, list) else ():
        found = re.match(_NAME, item) if isinstance(item, str) else None
        if found and found[1].lower() == package:
            return None if "@" in item else _within(found[2], major)
    return None


def _within(specifiers: str, major: int) -> bool | None:
    for written in filter(None, (part.strip() for part in specifiers.split(","))):
        bound = re.match(_BOUND, written)
        if bound is None:
            return None
        how, first, rest = bound[1], int(bound[2]), bound[3]
        if how == "<" and (first < major or (first == major and not rest.strip(".0*"))):
            return False
        if how in ("<=", "==", "===") and first < major:
            return False
        if how == "~=" and first < major and rest:
            return False
    return True


def _load(content: bytes) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]
    try:
        table: dict[str, Any] = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}  # `project.py` says so
    return table
