"""An exception as a `CaseError`, bounded in size, and whose failure it is.

Worker side: the standard library alone. Endings without an exception (limits, crashes) are judged in `outcome.py`.
"""

from __future__ import annotations

import linecache
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.cases.hints import OURS, hint_for, operator_in
from transformers_export.model_code import chain, is_our_bug
from transformers_export.verdict.types import CaseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transformers_export.verdict.types import Cause

MAX_MESSAGE = 4000
"""Characters of a message."""
MAX_FRAMES = 12
MAX_FRAME = 300
"""Characters of one frame."""
_MODEL_FILES = ("modeling_", "configuration_")
_LIBRARIES = ("site-packages", "dist-packages")
_UNTRANSLATABLE = frozenset({"UnsupportedOperatorError", "DispatchError"})
"""Errors by which torch's exporters say that they have no translation for an operator."""
_NOT_INSTALLED = "was not found in your environment"
"""How transformers says that a class needs a package that is not installed."""
_MEMORY_WORDS = ("can't allocate memory", "not enough memory", "failed to allocate memory", "std::bad_alloc")
_OUR_SOURCE = Path(__file__).resolve().parents[2]


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether it, or one it was raised from, says that there was no memory: exporters wrap what a model raises."""
    return any(
        isinstance(link, MemoryError) or any(word in str(link).lower() for word in _MEMORY_WORDS)
        for link in chain(error)
    )


def describe(error: BaseException, *, own: Iterable[str] = ()) -> CaseError:
    """Say what an exception is and where it came from.

    Args:
        error: the exception, with its traceback.
        own: folders of the checked repository. Frames in files below them are always kept, and written relative to it.

    Returns:
        Type and message (at most `MAX_MESSAGE` characters) and at most `MAX_FRAMES` frames as `path:line in function`:
        the reader's own first, then those of a model's code, then the rest, of each the last first. Frames, the
        operator that could not be captured and a hint are read from it and from what it was raised from.
    """
    roots = [str(Path(folder).resolve()) for folder in own]
    summary = _frames(error)
    linecache.clearcache()
    numbered = sorted(enumerate(summary), key=lambda pair: (_distance(pair[1].filename, roots), -pair[0]))
    frames = [frame for _, frame in numbered]
    said = "\n".join(f"{type(link).__name__}: {link}" for link in chain(error))
    hint = OURS if is_our_bug(error) else hint_for(said)
    return CaseError(
        type(error).__qualname__,
        shorten(str(error), MAX_MESSAGE),
        tuple(_text(frame.filename, frame.lineno, frame.name, roots) for frame in frames[:MAX_FRAMES]),
        operator=shorten(operator_in(said), MAX_FRAME),
        hint=hint.advice if hint else "",
        link=hint.link if hint else "",
    )


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames of an exception, then of each that it was raised from those which it does not share."""
    found: list[traceback.FrameSummary] = []
    for link in chain(error):
        known = {(frame.filename, frame.lineno) for frame in found}
        frames = traceback.extract_tb(link.__traceback__)
        found += [frame for frame in frames if (frame.filename, frame.lineno) not in known]
    return found


def cause_of(error: BaseException, *, own: Iterable[str] = ()) -> Cause:
    """Say whose failure an exception is.

    A package that is not installed is the environment's. Upstream's is only what torch's exporter itself calls
    untranslatable, while no line of the project was running, and what is a bug of ours: to the project we are a library
    it uses. Everything else is this change's.
    """
    roots = [Path(folder).resolve() for folder in own]
    for link in chain(error):
        if _is_missing_package(link, roots):
            return "environment"
        if type(link).__name__ in _UNTRANSLATABLE and type(link).__module__.startswith("torch.onnx"):
            return "change" if touches(link, own) else "upstream"
    return "upstream" if is_our_bug(error) else "change"


def _is_missing_package(error: BaseException, roots: list[Path]) -> bool:
    """Whether an import failed for want of a package; one the project itself should have is no such package."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package, dot, _ = error.name.partition(".")
        places = [folder / package for root in roots for folder in (root, root / "src")]
        mine = any(place.is_dir() or place.with_suffix(".py").is_file() for place in places)
        # `torch.no_such_module` misses no package: something asks for what the installed version does not have.
        return not mine and not dot
    return isinstance(error, ImportError) and _NOT_INSTALLED in str(error)


def touches(error: BaseException, own: Iterable[str]) -> bool:
    """Whether a line below one of the folders was running when the exception came up."""
    roots = [str(Path(folder).resolve()) for folder in own]
    return any(_is_own(frame.filename, roots) for frame in traceback.extract_tb(error.__traceback__))


def shorten(text: str, limit: int) -> str:
    """Cut a text in the middle: the beginning says what happened, the end says where."""
    if len(text) <= limit:
        return text
    half = (limit - 7) // 2
    return f"{text[:half]}\n[...]\n{text[-half:]}"


def _distance(filename: str, roots: list[str]) -> int:
    """How far a file is from the reader: own code, then a model's, then exporters and torch."""
    if _is_own(filename, roots):
        return 0
    return 1 if Path(filename).name.startswith(_MODEL_FILES) else 2


def _is_own(filename: str, roots: list[str]) -> bool:
    path = Path(filename).resolve()
    return any(path.is_relative_to(root) for root in roots) and not set(_LIBRARIES) & set(path.parts)


def shown_path(filename: str, own: Iterable[str] = ()) -> str:
    """A file's path relative to the repository or to the packages it is installed among."""
    return _path(filename, [str(Path(folder).resolve()) for folder in own])


def _text(filename: str, line: int | None, function: str, roots: list[str]) -> str:
    return shorten(f"{_path(filename, roots)}:{line} in {function}", MAX_FRAME)


def _path(filename: str, roots: list[str]) -> str:
    path = Path(filename)
    if path.exists():
        path = path.resolve()
    for index, part in enumerate(path.parts):
        if part in _LIBRARIES:
            path = Path(*path.parts[index + 1 :])
            break
    for root in (*roots, str(_OUR_SOURCE)):
        if path.is_relative_to(root):
            path = path.relative_to(root)
            break
    return path.as_posix()
