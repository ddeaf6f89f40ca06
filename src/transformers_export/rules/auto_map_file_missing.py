"""Rule `auto-map-file-missing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers_export.rules.finding import at
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.rules.scope import Scope
    from transformers_export.source.snapshot import Snapshot
    from transformers_export.verdict.plain import Finding

NAME = "auto-map-file-missing"


def find(snapshot: Snapshot, scope: Scope) -> Iterator[Finding | Unread]:
    """A file that `auto_map` in a Hub folder names and that is not there: loading with `trust_remote_code` fails.

    What lies in another repository (`"owner/repository--module.Class"`) cannot be looked up: it is reported as not
    read.
    """
    if not (scope.whole or scope.paths):
        return
    for item in snapshot.hub.references if snapshot.hub else ():
        if item.repository:
            yield Unread(item.path, item.line, f"{item.written} lies in another repository")
        elif item.module and not snapshot.tree.exists(item.file):
            yield at(
                item,
                NAME,
                f"{item.auto_class}/{item.written}",
                f"auto_map names {item.written} for {item.auto_class}, but there is no {item.file}.",
                f"Add {item.file}, or name the file the class is in.",
            )
