"""Where a report's links lead: files at a commit, commits, and the run itself."""

from __future__ import annotations

from dataclasses import dataclass

from transformers_export.report.escape import address

_LONGEST = 400
"""Characters of an address; a longer one would eat the comment it stands in, so the place stays a plain name."""


@dataclass(frozen=True)
class Links:
    """The repository on GitHub that a report is shown in."""

    server_url: str
    repository: str
    """`owner/name`."""
    head: str | None
    """Full SHA of the commit whose files are linked."""
    run_url: str = ""
    """The run's page, where the whole job summary is."""

    def file(self, path: str, line: int | None = None, *, commit: str | None = None) -> str | None:
        """A file at `commit` (default: the head); None where the address would be no good."""
        commit = commit or self.head
        return _short(address(self.server_url, self.repository, "blob", commit, path, line=line)) if commit else None

    def commit(self, sha: str) -> str | None:
        """A commit's page."""
        return _short(address(self.server_url, self.repository, "commit", sha))

    def run(self) -> str | None:
        """The run's page, checked like every other address."""
        server = f"{self.server_url}/"
        rest = self.run_url.removeprefix(server)
        return _short(address(self.server_url, rest)) if rest and rest != self.run_url else None


def _short(url: str | None) -> str | None:
    return url if url and len(url) <= _LONGEST else None
