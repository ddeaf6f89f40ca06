"""Results of earlier checks, by the identity of their cases: what has not changed is not exported twice.

A folder with one small JSON file for each result. Only passed cases are kept: a failure is to be seen again with its
log, may have been the machine's, and an expected one must be known to fail still. Entries are written whole or not at
all, so several checks may share a folder. What is read is data from anywhere: it must fit the types, lie under its own
name, and show the evidence of a pass like any result of a worker; all else is ignored with a warning.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from transformers_export.cases.evidence import absurd_numbers, missing_evidence
from transformers_export.cases.protocol import MAX_RESULT_BYTES
from transformers_export.verdict.types import CaseResult  # noqa: TC001 - the decoder resolves it

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from transformers_export.cases.types import Case

FORMAT = 1
MOST = 20_000
"""Entries of a folder; beyond it those that were not used for longest go. About 40 MB."""
VARIABLE = "TRANSFORMERS_EXPORT_CACHE"
"""Environment variable that names the folder."""
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One file of the cache."""

    format: int
    key: str
    result: CaseResult
    versions: dict[str, str]
    """What the project interpreter had when the case passed."""


@dataclass
class Cache:
    """A folder of results. Trouble with it never fails a check: it is said in `warnings`, and the case is exported."""

    folder: Path
    warnings: list[str] = field(default_factory=list)

    def find(self, case: Case, key: str) -> Entry | None:
        """Return the entry that holds the passed result of a case, or None."""
        path = self._path(key)
        try:
            entry = _decode(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._warn(path, str(error) or type(error).__name__)
            return None
        if why := _unfit(entry, case, key):
            self._warn(path, why)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # so that what is used stays
        return replace(entry, result=replace(entry.result, cached=True, key=key, before=None))

    def keep(self, result: CaseResult, versions: dict[str, str]) -> bool:
        """Keep a result under its key; False for one that is not kept: without a key, not passed, or taken from here.

        An entry that is there already is replaced: it was not taken, so it may be one that cannot be.
        """
        if not _KEY.fullmatch(result.key) or result.outcome != "passed" or result.cached:
            return False
        entry = Entry(FORMAT, result.key, replace(result, before=None), versions)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(self._path(result.key), msgspec.json.encode(entry))
        except OSError as error:
            self._warn(self.folder, error.strerror or str(error))
            return False
        return True

    def seconds(self) -> dict[str, float]:
        """What every case took when it was exported last, by its id."""
        newest: dict[str, tuple[float, float]] = {}
        for path in self._files():
            with contextlib.suppress(OSError, ValueError):
                result = _decode(path).result
                how = result.exporter if result.target == "onnx" else result.target
                written = path.stat().st_mtime
                name = f"{result.model_type}/{result.feature}/{how}"
                newest[name] = max(newest.get(name, (0.0, 0.0)), (written, result.seconds))
        return {name: seconds for name, (_, seconds) in newest.items()}

    def prune(self, most: int = MOST) -> None:
        """Remove what was not used for longest, where there is more than `most`."""
        with contextlib.suppress(OSError):
            files = list(self._files())
            if len(files) > most:
                files.sort(key=lambda path: path.stat().st_mtime)
                for path in files[: len(files) - most]:
                    path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (path for path in self.folder.glob("*.json") if _KEY.fullmatch(path.stem))

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _warn(self, path: Path, why: str) -> None:
        self.warnings.append(f"The cache entry {path.name} in {path.parent} is ignored: {why.rstrip('.')}.")


def default_folder(environ: Mapping[str, str]) -> Path:
    """Return the user's own folder for caches, unless the environment names one."""
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE])
    from platformdirs import user_cache_path

    return user_cache_path("transformers-export", appauthor=False) / "results"


def _decode(path: Path) -> Entry:
    """Read an entry. What is no plain file is none of ours: a link may lead to anything, a pipe holds the reader."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError("it is no plain file")
    with path.open("rb") as stream:
        data = stream.read(2 * MAX_RESULT_BYTES + 1)
    if len(data) > 2 * MAX_RESULT_BYTES:
        raise ValueError(f"expected at most {2 * MAX_RESULT_BYTES} bytes")
    try:
        return msgspec.json.decode(data, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"it is no result of this version ({error})") from error


def _unfit(entry: Entry, case: Case, key: str) -> str:
    """Why an entry is not the passed result of a case, or nothing."""
    result = entry.result
    if entry.format != FORMAT or entry.key != key:
        return "it was written for another case or by another version"
    if (result.model_type, result.feature, result.target) != (case.model_type, case.feature, case.target):
        return "it is the result of another case"
    if case.exporter not in ("auto", result.exporter):
        return "it is the result of another exporter"
    if case.expected_failure is not None or result.outcome != "passed" or result.error or result.cause:
        return "it is no passed case"
    return absurd_numbers(result) or missing_evidence(case, result)


def _write(path: Path, data: bytes) -> None:
    """Write to a temporary name beside `path`, then rename."""
    descriptor, partial = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.replace(partial, path)  # noqa: PTH105
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
