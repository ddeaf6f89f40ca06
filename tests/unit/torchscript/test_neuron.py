"""Detection of AWS's SDK: by the attribute, as an empty package of its name can be installed."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from transformers_export.torchscript.neuron import NeuronMissingError, find_tracer, require_runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAMES = ("torch_neuronx", "torch_neuron")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Put a package on the path, as its installation would."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(name: str, code: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(code)
        importlib.invalidate_caches()

    yield put
    for name in NAMES:
        sys.modules.pop(name, None)


def test_without_the_sdk_one_error_says_what_to_install():
    with pytest.raises(NeuronMissingError, match=r"expected torch_neuronx\.trace or torch\.neuron\.trace\. Install"):
        find_tracer()


def test_an_empty_stand_in_is_not_the_sdk(install):
    install("torch_neuronx", "")
    with pytest.raises(NeuronMissingError, match=r"torch_neuronx can be imported and has no trace\(\): it is an empty"):
        require_runtime()


@pytest.mark.parametrize("name", NAMES)
def test_the_tracer_is_the_one_that_is_there(install, name):
    install(name, "def trace(module, inputs): return 'compiled'")
    assert find_tracer()(None, ()) == "compiled"
    require_runtime()


def test_a_stand_in_does_not_hide_the_other_sdk(install):
    install("torch_neuronx", "")
    install("torch_neuron", "def trace(module, inputs): return 'for Inf1'")
    assert find_tracer()(None, ()) == "for Inf1"
