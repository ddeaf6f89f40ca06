"""What a rule's `fix` returns: the edits that mend a finding, and what to say of them.

A rule has a `fix` only where it is certain what was meant; everything else stays a proposal in the finding's hint. The
edits themselves are in `edits/`, which a rule imports when it fixes: the check alone must not pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers_export.edits.source import CannotEdit


@dataclass(frozen=True)
class Step:
    """One edit of one file."""

    path: str
    edit: Callable[[bytes], bytes | CannotEdit]
    """From the file as the steps before left it to the file as it should be."""


@dataclass(frozen=True)
class Fix:
    """How a finding is mended."""

    what: str
    """One sentence that says what it does: `Register X as "x".`"""
    steps: tuple[Step, ...]
    note: str = ""
    """One sentence: what of it somebody should look at, because it was derived."""
