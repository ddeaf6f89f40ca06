"""How far a check is, on standard error: a live line on a terminal, a line for each finished case elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transformers_export.cases.types import Case
    from transformers_export.verdict.types import CaseResult

    Progress = Callable[[Case, CaseResult | None], None]
    Tell = Callable[[str], None]


@contextlib.contextmanager
def shown(stream: TextIO) -> Iterator[tuple[Progress, Tell, Tell]]:
    """Give what `run_check` calls with every start and end of a case, with its warnings, and with what else it does."""

    def warn(message: str) -> None:
        print(f"warning: {message}", file=stream, flush=True)

    live = _rich_status(stream) if stream.isatty() else None
    if live is None:
        yield _Lines(stream).tell, warn, lambda message: print(message, file=stream, flush=True)
        return
    with live as status:
        yield _Line(status).tell, warn, status


def _rich_status(stream: TextIO) -> contextlib.AbstractContextManager[Callable[[str], None]] | None:
    """Return a live line, or None where rich is not installed: it comes with an extra."""
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        return None

    @contextlib.contextmanager
    def live() -> Iterator[Callable[[str], None]]:
        with Console(file=stream).status("starting the project interpreter") as status:
            yield lambda text: status.update(text)

    return live()


class _Lines:
    """A line for every case that ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._ended = 0

    def tell(self, case: Case, result: CaseResult | None) -> None:
        if result is not None:
            self._ended += 1
            took = "cached" if result.cached else f"{result.seconds:.1f} s"
            print(f"{self._ended} {case.id} {result.outcome} {took}", file=self._stream, flush=True)


class _Line:
    """One line that says what runs now."""

    def __init__(self, update: Callable[[str], None]) -> None:
        self._update = update
        self._running: dict[str, None] = {}
        self._ended = 0

    def tell(self, case: Case, result: CaseResult | None) -> None:
        if result is None:
            self._running[case.id] = None
        else:
            self._running.pop(case.id, None)
            self._ended += 1
        self._update(f"{self._ended} done, running {', '.join(self._running) or 'nothing'}")
