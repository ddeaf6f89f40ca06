"""Weights of a mapped file: their pages are given back, and nothing that was written to them is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from transformers_export.onnx import mapped

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pages are given back on Linux alone")
LENGTH = 20 << 20
"""Numbers of a weight, 80 MB: enough to be worth it."""


@pytest.fixture
def model(tmp_path: Path) -> nn.Module:
    """A model whose one weight lies in a file and was read."""
    torch.ones(LENGTH).numpy().tofile(tmp_path / "weight")
    weight = torch.from_file(str(tmp_path / "weight"), shared=False, size=LENGTH)
    assert weight.sum() == LENGTH
    model = nn.Module()
    model.weight = nn.Parameter(weight, requires_grad=False)
    return model


def _pages_of_files() -> int:
    """What this process has of files in memory, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssFile:"))


def test_pages_are_given_back_and_read_again(model: nn.Module) -> None:
    before = _pages_of_files()
    mapped.give_back(model)
    assert before - _pages_of_files() > 3 * LENGTH
    assert model.get_parameter("weight").sum() == LENGTH


def test_what_was_written_is_kept(model: nn.Module) -> None:
    model.get_parameter("weight")[5] = 7
    before = _pages_of_files()
    mapped.give_back(model)
    assert before - _pages_of_files() < LENGTH
    assert model.get_parameter("weight")[5] == 7


@pytest.mark.parametrize("spoiled", ["Anonymous", "Swap"])
def test_only_mappings_of_files_that_nobody_wrote_to_are_named(spoiled: str) -> None:
    of_file = "7f0000000000-7f0000002000 r--p 00000000 fe:00 1234     /tmp/a file\nSize: 8 kB\nSwapPss: 9 kB\n"
    own = "7f0000003000-7f0000004000 rw-p 00000000 00:00 0 \nSize: 4 kB\nAnonymous: 0 kB\n"
    written = of_file.replace("7f", "6f") + f"Private_Dirty: 8 kB\n{spoiled}:     4 kB\nLocked: 0 kB\n"
    clean = of_file + "Private_Dirty:         8 kB\nAnonymous:      0 kB\nSwap:      0 kB\nLocked: 0 kB\n"
    assert list(mapped._unwritten(written + own + clean)) == [(0x7F0000000000, 0x7F0000002000)]


def test_few_weights_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mapped, "_MAPPINGS", tmp_path)  # reading a folder would raise
    mapped.give_back(nn.Linear(3, 3))
