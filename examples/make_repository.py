"""Builds the example: a repository of two custom models with a few pull requests, as real git history.

The files are in layers under `acme_models/`; a branch is `main` with some layers put on top. Used by `make demo` and by
the tests. What is in each layer is said in `README.md` beside this file. Needs Python and git, nothing else.

    python examples/make_repository.py DIRECTORY [--branch complete]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LAYERS = Path(__file__).resolve().parent / "acme_models"

FIXED_DATE = "2024-01-01T12:00:00+00:00"
"""One date for every commit: the same files give the same revisions everywhere."""


@dataclass(frozen=True)
class PullRequest:
    """A branch on top of `main`: the layers it puts there, and the title of its one commit."""

    layers: tuple[str, ...]
    title: str


PULL_REQUESTS = {
    "complete": PullRequest(("decoder", "registry", "matrix"), "Add the Magpie decoder"),
    "incomplete": PullRequest(("decoder",), "Add the Magpie decoder, forget registry and matrix"),
    "unlisted": PullRequest(("decoder", "registry"), "Add the Magpie decoder, forget the matrix"),
    "mixed": PullRequest(("decoder", "registry", "diverging"), "Add the Magpie decoder, cheapen Heron's GELU"),
    "diverging": PullRequest(("diverging",), "Export Heron with a cheaper GELU"),
    "sleeping": PullRequest(("sleeping",), "Sleep while Heron is exported"),
    "no-case": PullRequest(("no-case",), "Start the Plover encoder"),
}


@dataclass(frozen=True)
class Repository:
    """A repository on disk. `main` is the base of every other branch; `revisions` maps branch names to full SHAs."""

    root: Path
    revisions: dict[str, str]

    @property
    def base(self) -> str:
        return self.revisions["main"]

    def checkout(self, branch: str) -> None:
        """Put the working tree on `branch`."""
        git(self.root, "checkout", "--quiet", branch)


def git(root: Path, *arguments: str) -> str:
    """Run git in `root` and return what it printed. Settings of the user and of the machine are left out."""
    identity = {"NAME": "Example", "EMAIL": "example@example.com", "DATE": FIXED_DATE}
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        **{f"GIT_{who}_{key}": value for who in ("AUTHOR", "COMMITTER") for key, value in identity.items()},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    run = subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"git {' '.join(arguments)} failed in {root}: {run.stderr.strip()}")
    return run.stdout.strip()


def start(root: Path) -> None:
    """Start a repository on branch `main` in `root`, with nothing committed yet."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "core.autocrlf", "false")
    git(root, "config", "gc.auto", "0")


def commit(root: Path, message: str) -> str:
    """Commit everything in the working tree; returns the full SHA."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--no-verify", "--message", message)
    return git(root, "rev-parse", "HEAD")


def put(layer: str, root: Path) -> None:
    """Copy the files of one layer over the working tree."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(LAYERS / layer, root, dirs_exist_ok=True, ignore=ignored)


def make_repository(root: Path) -> Repository:
    """Build the example in `root` (which must not exist yet): `main` and one branch for each pull request."""
    start(root)
    put("base", root)
    revisions = {"main": commit(root, "Add the Heron encoder")}
    for branch, pull_request in PULL_REQUESTS.items():
        git(root, "checkout", "--quiet", "-b", branch, "main")
        for layer in pull_request.layers:
            put(layer, root)
        revisions[branch] = commit(root, pull_request.title)
    git(root, "checkout", "--quiet", "main")
    return Repository(root, revisions)


def main() -> int:
    """Build the example where the command line says and leave its working tree on the branch it names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="where to build it; must not exist yet")
    parser.add_argument("--branch", default="complete", choices=["main", *PULL_REQUESTS], help="what to check out")
    arguments = parser.parse_args()
    if arguments.directory.exists():
        parser.error(f"{arguments.directory} exists already: name a new directory, or remove it first")
    repository = make_repository(arguments.directory)
    repository.checkout(arguments.branch)
    for branch, revision in repository.revisions.items():
        print(f"{revision[:12]}  {branch}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
