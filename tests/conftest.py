"""Fixtures every test may use. What builds them is in `support/`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from support import environments, repositories

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.fixture
def example_python(example_repository: repositories.Repository, python_5: Path, tmp_path: Path) -> Path:
    """An interpreter with transformers 5 in which `example_repository` is installed as it stands on disk."""
    return environments.with_repository(python_5, example_repository.root, tmp_path)
