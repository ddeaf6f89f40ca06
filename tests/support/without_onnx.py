"""Takes the ONNX configurations out of a transformers 4 tree, as if nobody had ever written them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from support.repositories import DOCS, MATRIX, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformers_export.source.snapshot import Snapshot

NAMES = re.compile(r'\n?[ ]*"\w*OnnxConfig",?')


def strip(root: Path, snapshot: Snapshot, keys: list[str]) -> dict[str, str]:
    """Remove class, imports, `__all__` and registry entries, matrix and docs lines of some models.

    Args:
        root: The working tree to change.
        snapshot: The same files as they were.
        keys: Registry keys.

    Returns:
        Where each key's configuration stands.
    """
    paths: dict[str, str] = {}
    for entry in snapshot.registry.entries:
        definition = snapshot.find_entry_class(entry)
        if entry.key in keys and definition is not None:
            paths[entry.key] = definition.path
    (root / REGISTRY).write_text(_without_entries((root / REGISTRY).read_text(), keys))
    for path in set(paths.values()):
        (root / path).write_text(without_class((root / path).read_text()))
    _drop(root / MATRIX, [f'("{key}",' for key in keys])
    shown = [snapshot.names_shown.get(key, key) for key in keys]
    lines = (root / DOCS).read_text().splitlines(keepends=True)
    (root / DOCS).write_text("".join(line for line in lines if line.strip().removeprefix("- ") not in shown))
    return paths


def _without_entries(text: str, keys: list[str]) -> str:
    gone: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in keys and isinstance(value, ast.Call):
                    gone.update(range(key.lineno, (value.end_lineno or 0) + 1))
    return "".join(line for number, line in enumerate(text.splitlines(keepends=True), 1) if number not in gone)


def without_class(text: str) -> str:
    """A configuration file without its ONNX configurations and what they import from `onnx`."""
    gone = {line for start, end in _places(text) for line in range(start, end + 1)}
    kept = "".join(line for number, line in enumerate(text.splitlines(keepends=True), 1) if number not in gone)
    head, mark, names = kept.rpartition("__all__ = [")
    if mark:
        listed = NAMES.sub("", names)
        kept = head + mark + (listed if "\n" in listed.strip() else re.sub(r",\s*\]", "]", listed, count=1))
    return re.sub(r"\n{4,}", "\n\n\n", kept)


def _places(text: str) -> Iterator[tuple[int, int]]:
    for node in ast.parse(text).body:
        imported = isinstance(node, ast.ImportFrom) and node.level and (node.module or "").split(".")[0] == "onnx"
        if imported or (isinstance(node, ast.ClassDef) and node.name.endswith("OnnxConfig")):
            yield node.lineno, node.end_lineno or node.lineno


def _drop(file: Path, beginnings: list[str]) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.strip().startswith(tuple(beginnings))))
