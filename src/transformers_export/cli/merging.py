"""The verdicts of all shards of a run, read from files and folders and put together.

How they are merged is decided in `verdict/merge.py`. The files come from other jobs: none is taken on trust.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cases.shards import MOST
from transformers_export.cli.arguments import UsageError
from transformers_export.cli.files import read_at_most
from transformers_export.verdict.merge import MergeError, merge
from transformers_export.verdict.schema import MAX_BYTES, VerdictError, decode
from transformers_export.verdict.types import NotChecked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers_export.verdict.types import Verdict


def is_one(paths: Sequence[str]) -> bool:
    """Whether a single verdict is named, which is rendered as it is."""
    return len(paths) == 1 and not Path(paths[0]).is_dir()


def merged(paths: Sequence[str]) -> Verdict:
    """Read and merge.

    Raises:
        UsageError: there is none that can be read, there are more than one run has, or they are not of one plan.
    """
    files = list(_files(paths))
    if len(files) > MOST:
        raise UsageError(f"Expected the verdicts of at most {MOST} shards, got {len(files)} files.")
    parts: list[Verdict] = []
    unread: list[NotChecked] = []
    for name, path in files:
        read = _read(name, path)
        if isinstance(read, NotChecked):
            unread.append(read)
        else:
            parts.append(read)
    if not parts:
        said = " ".join(item.why for item in unread[:3])
        raise UsageError(f"No shard left a verdict in {', '.join(paths)}. {said}".strip())
    try:
        return merge(parts, unread=unread)
    except MergeError as error:
        raise UsageError(str(error)) from error


def _read(name: str, path: Path) -> Verdict | NotChecked:
    try:
        return decode(read_at_most(path, MAX_BYTES + 1, "a verdict"))
    except (UsageError, VerdictError) as error:
        return NotChecked(name, f"expected the verdict of a shard: {error}", blocking=True)


def _files(paths: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Every file, by the name it is spoken of; of a folder the JSON files at any depth, links left out."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield path.name, path
            continue
        for file in sorted(path.rglob("*.json")):
            if file.is_file() and not file.is_symlink():
                yield file.relative_to(path).as_posix(), file
