"""Python environments the tests run cases in: real ones, made once and kept.

Where they are kept: the directory named by TRANSFORMERS_EXPORT_TEST_ENVIRONMENTS, else `.environments/` in the
repository (not tracked). The environment for transformers 5 is the one the tests themselves run in. What cannot be
made is an error that says what is missing, never a skip.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
CONSTRAINTS_4 = ROOT / "tests" / "support" / "constraints-transformers-4.txt"
VARIABLE = "TRANSFORMERS_EXPORT_TEST_ENVIRONMENTS"
TRANSFORMERS_4 = "4.48.0"
NEWEST_4 = {"transformers": "4.57.6", "tokenizers": "0.22.2"}
"""The last 4.x there is, and what it needs other than 4.48.0 does."""
EARLIER_5 = {"transformers": "5.17.0", "huggingface-hub": "1.33.0", "httpx": "0.28.1", "httpcore": "1.0.9"}
"""One of 5.13 to 5.22, whose exporter has another method than later ones, and what it needs other than those do."""

PEFT = {"peft": "0.21.2", "accelerate": "1.15.0"}
"""What merges adapters, and what it needs beyond the rest; by itself, as transformers loads it wherever it is there."""

# Prints what is installed of the names given, as "name==version" lines; a missing one prints nothing.
_INSTALLED = """
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        print(name, version(name).partition("+")[0], sep="==")
    except PackageNotFoundError:
        pass
"""


class PreparationError(RuntimeError):
    """A part the tests need cannot be made on this machine; the message says which and what was tried."""


def cache_directory() -> Path:
    """Where environments and downloads are kept; made when it is not there."""
    directory = Path(os.environ.get(VARIABLE) or ROOT / ".environments")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def run(what: str, *command: str | Path) -> str:
    """Run `command` and return what it printed; `what` names the part in the error when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        output = (done.stdout + done.stderr)[-2000:]
        raise PreparationError(
            f"{what} cannot be prepared: `{' '.join(map(str, command))}` ended with {done.returncode}.\n{output}"
        )
    return done.stdout


@cache
def transformers_5() -> Path:
    """The interpreter with transformers 5, torch and ONNX Runtime: the one that runs the tests."""
    missing = _missing(Path(sys.executable), _pins(CONSTRAINTS, {"torch", "transformers", "onnx", "onnxruntime"}))
    if missing:
        raise PreparationError(
            f"The tests' own Python ({sys.executable}) lacks {', '.join(missing)}. "
            "Run `make test`, which installs them, or `pip install -c constraints.txt -e .[onnx,dev]`."
        )
    return Path(sys.executable)


@cache
def transformers_4() -> Path:
    """An interpreter of its own with transformers 4.48.0 and today's torch; made at the first call (about a minute)."""
    return pinned(f"transformers-{TRANSFORMERS_4}", CONSTRAINTS_4)


@cache
def pinned(name: str, constraints: Path) -> Path:
    """The interpreter of the environment `name`, which has every pin of a constraints file; made at the first call."""
    directory = cache_directory() / name
    python = directory / "bin" / "python"
    pins = _pins(constraints)
    with FileLock(f"{directory}.lock"):
        if not python.exists():
            run(f"The environment {name}", sys.executable, "-m", "venv", directory)
        if _missing(python, pins):
            install = (python, "-m", "pip", "install", "--quiet", "--constraint", constraints)
            # torch by itself first, from where the caller points pip: a later plain requirement then keeps it.
            index = os.environ.get("TORCH_INDEX")
            run("torch", *install, "--no-deps", *(("--index-url", index) if index else ()), "torch")
            run(f"The environment {name}", *install, *(f"{part}=={version}" for part, version in pins.items()))
    return python


@cache
def with_peft() -> Path:
    """An interpreter with peft on top of everything that `transformers_5()` has: 5 seconds and 7 MB."""
    return _on_top("The environment with peft", "peft", transformers_5(), PEFT)


@cache
def newest_transformers_4() -> Path:
    """An interpreter with the newest transformers 4 before everything that `transformers_4()` has: 20 s and 120 MB."""
    return _on_top(
        "The environment with the newest transformers 4",
        f"transformers-{NEWEST_4['transformers']}",
        transformers_4(),
        NEWEST_4,
    )


@cache
def earlier_transformers_5() -> Path:
    """An interpreter with transformers 5.17.0 before everything that `transformers_5()` has: 20 s and 130 MB."""
    return _on_top(
        "The environment with an earlier transformers 5",
        f"transformers-{EARLIER_5['transformers']}",
        transformers_5(),
        EARLIER_5,
    )


def _on_top(what: str, name: str, base_python: Path, pins: dict[str, str]) -> Path:
    """An environment with `pins` before everything that `base_python` has; made at the first call."""
    directory = cache_directory() / name
    with FileLock(f"{directory}.lock"):
        base = _site_packages(base_python, what)
        python = directory / "bin" / "python"
        if not python.exists():
            run(what, base_python, "-m", "venv", "--without-pip", directory)  # the base has pip and setuptools
        Path(_site_packages(python, what), "base.pth").write_text(f"{base}\n", encoding="utf-8")
        if _missing(python, pins):
            wanted = (f"{part}=={version}" for part, version in pins.items())
            run(what, python, "-m", "pip", "install", "--quiet", "--no-deps", *wanted)
            run(what, python, "-m", "pip", "check")
    return python


def _site_packages(python: Path, what: str) -> str:
    return run(what, python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()


@cache
def transformers_4_source() -> Path:
    """The sdist of transformers 4.48.0 as a `.tar.gz`, downloaded once."""
    directory = cache_directory() / "sdist"
    archive = directory / f"transformers-{TRANSFORMERS_4}.tar.gz"
    with FileLock(f"{directory}.lock"):
        if not archive.exists():
            requirement = f"transformers=={TRANSFORMERS_4}"
            options = ("--quiet", "--no-deps", "--no-binary", ":all:", "--dest", directory)
            run(f"The sdist of {requirement}", sys.executable, "-m", "pip", "download", *options, requirement)
    return archive


def with_repository(python: Path, repository: Path, into: Path) -> Path:
    """Make an interpreter in `into` that has all that `python` has and `repository` before it, as if installed.

    What `pip install --editable --no-deps` would give, in 0.1 s: each test's repository gets an environment of its own.
    """
    name = hashlib.sha256(str(repository).encode()).hexdigest()[:8]
    directory = into / f"environment-{name}"
    run("A project environment", python, "-m", "venv", "--without-pip", directory)
    outer = _site_packages(python, "A project environment")
    inner = _site_packages(directory / "bin" / "python", "A project environment")
    source = repository / "src" if (repository / "src").is_dir() else repository
    lines = [str(source), f"import site; site.addsitedir({outer!r})"]
    Path(inner, "repository.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return directory / "bin" / "python"


def _pins(file: Path, only: set[str] | None = None) -> dict[str, str]:
    """The `name==version` lines of a constraints file."""
    lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    pins = dict(line.split(";")[0].strip().split("==") for line in lines if "==" in line)
    return {name: version for name, version in pins.items() if only is None or name in only}


def _missing(python: Path, pins: dict[str, str]) -> list[str]:
    """The pins that `python` does not have."""
    wanted = [f"{name}=={version}" for name, version in pins.items()]
    installed = run("An environment", python, "-c", _INSTALLED, *pins).splitlines()
    return [pin for pin in wanted if pin not in installed]
