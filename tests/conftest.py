"""Fixtures every test may use. What builds them is in `support/`."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING

import pytest

from support import environments, repositories

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.actions_runner import Step
    from support.front_door import FrontDoor
    from support.github_api import GitHub


@pytest.fixture(autouse=True)
def _own_results(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reuses results that another left, nor the user's."""
    folder = tmp_path_factory.getbasetemp() / f"results-{uuid.uuid4().hex}"
    monkeypatch.setenv("TRANSFORMERS_EXPORT_CACHE", str(folder))


@pytest.fixture
def example_repository(tmp_path: Path) -> repositories.Repository:
    """The example, fresh for each test: branches `main`, `complete`, `incomplete`, ... (see examples/README.md)."""
    return repositories.make_repository(tmp_path / "acme-models")


@pytest.fixture(scope="session")
def transformers_4_repository(tmp_path_factory: pytest.TempPathFactory) -> repositories.Repository:
    """transformers 4.48.0 as a repository, one for the session: leave it as it is, or clone it first."""
    return repositories.transformers_4(tmp_path_factory.mktemp("transformers-4") / "transformers")


@pytest.fixture(scope="session")
def python_5() -> Path:
    """The interpreter with transformers 5."""
    return environments.transformers_5()


@pytest.fixture(scope="session")
def python_4() -> Path:
    """The interpreter with transformers 4.48.0."""
    return environments.transformers_4()


@pytest.fixture(scope="session")
def python_newest_4() -> Path:
    """The interpreter with the newest transformers 4."""
    return environments.newest_transformers_4()


@pytest.fixture(scope="session")
def python_earlier_5() -> Path:
    """The interpreter with transformers 5.17.0, whose exporter has another method than later ones."""
    return environments.earlier_transformers_5()


@pytest.fixture(scope="session")
def python_with_peft() -> Path:
    """The interpreter with transformers 5 and peft."""
    return environments.with_peft()


@pytest.fixture
def example_python(example_repository: repositories.Repository, python_5: Path, tmp_path: Path) -> Path:
    """An interpreter with transformers 5 in which `example_repository` is installed as it stands on disk."""
    return environments.with_repository(python_5, example_repository.root, tmp_path)


@pytest.fixture(scope="session")
def github_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    """The GitHub emulator, one for the session: take a repository of your own from it, as `github` does."""
    from support import github_api  # most tests need neither node nor requests

    with github_api.start(tmp_path_factory.mktemp("github")) as started:
        yield started


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """A number for each repository."""
    return itertools.count(1)


@pytest.fixture
def github(github_server: GitHub, numbers: Iterator[int]) -> GitHub:
    """A repository on the emulator with one pull request from its own branch `change`."""
    return github_server.another(f"models-{next(numbers)}")


@pytest.fixture
def forked(github_server: GitHub, numbers: Iterator[int]) -> GitHub:
    """A repository on the emulator with one pull request from a stranger's fork."""
    return github_server.another(f"models-{next(numbers)}", fork=True)


@pytest.fixture
def door(github: GitHub) -> Iterator[FrontDoor]:
    """GitHub as `github`, with whatever goes wrong."""
    from support import front_door

    with front_door.open_door(github) as opened:
        yield opened


@pytest.fixture(scope="session")
def installed_tool(tmp_path_factory: pytest.TempPathFactory) -> Step:
    """How the step of action.yml that installs the tool ended: it is the same for every run of a session."""
    from support import job

    return job.install_tool(tmp_path_factory.mktemp("tool"))
