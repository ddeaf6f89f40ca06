"""Checkpoints that TensorFlow wrote, unpacked once for the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import tensorflow_checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """The directory of a family and feature: leave it as it is, or copy it first."""
    into = tmp_path_factory.mktemp("tensorflow")
    unpacked: dict[str, dict[str, Path]] = {}

    def find(family: str, feature: str) -> Path:
        if family not in unpacked:
            unpacked[family] = tensorflow_checkpoints.unpack(family, into)
        return unpacked[family][feature]

    return find
