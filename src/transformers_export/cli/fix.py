"""`check --fix`: what was mended in memory, written to the working tree before the check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from transformers_export.check import find_fixes
from transformers_export.cli.files import rewrite
from transformers_export.fixing import as_diff

if TYPE_CHECKING:
    from transformers_export.inspection import CheckOptions
    from transformers_export.verdict.types import Fix


def fix(options: CheckOptions) -> tuple[CheckOptions, Fix | None]:
    """Mend the working tree. Returns the check that looks at the changed files too, and what was done.

    A hook reads the working tree here and not the index: pre-commit has put aside what is not staged, and without it
    an edit that is not staged must not be overwritten by what is.

    Raises:
        ChangesError, SettingsError: see `inspection.inspect`.
        UsageError: a file cannot be written; see `rewrite`.
    """
    options = options._replace(scope=options.scope._replace(on_disk=True))
    fixes = find_fixes(options)
    rewrite(Path(options.root), fixes.files, fixes.before)
    scope = options.scope
    if scope.staged or (scope.named and scope.base is not None):  # see `fixing.find_fixes`
        scope = scope._replace(named=tuple(dict.fromkeys((*scope.named, *sorted(fixes.files)))))
    return options._replace(scope=scope), as_diff(fixes)
