"""Importing transformers' modeling code without torch's compiler and distributed tensors, in a process of our own.

Both are imported for decorators and types that tracing never meets, and take longer than torch itself. What is replaced
is replaced while transformers is imported, and means what it means on a torch that lacks it: a decorator for the
compiler leaves the function as it is. For the legacy exporter alone; dynamo is the compiler.

Besides, transformers 5 reads the folder of its models once and not twice.
"""

from __future__ import annotations

import functools
import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODELING = ("transformers.modeling_utils", "transformers.masking_utils")
_COMPILER = "torch._dynamo"
_WRAPPED = f"{_COMPILER}._trace_wrapped_higher_order_op"
_MARKS = ("allow_in_graph", "assume_constant_result", "disable")
"""Decorators that tell the compiler something about a function."""


def import_modeling() -> None:
    """Import what every model needs of transformers; does nothing where that, or the compiler, is imported already.

    A transformers that asks torch's compiler for more than this knows of is imported as it is, by whoever needs it.
    """
    import torch

    if any(module in sys.modules for module in (*_MODELING, _COMPILER)):
        return
    # For good: transformers asks again while it runs, and must hear the same.
    torch.distributed.is_available = lambda: False
    torch.nn.init.normal_ = _skipping_meta(torch.nn.init.normal_)
    try:
        with _without_compiler(torch), _everything_remembered():
            for module in _MODELING:
                import_module(module)
    except (ImportError, AttributeError):
        return


@contextmanager
def _without_compiler(torch: Any) -> Iterator[None]:
    """Stand-ins for the compiler and for the decorators of `torch.compiler` that would import it."""
    compiler, wrapped = ModuleType(_COMPILER), ModuleType(_WRAPPED)
    compiler.__path__ = []
    for name in _MARKS:
        setattr(compiler, name, _unchanged)
    wrapped.TransformGetItemToIndex = _transform_get_item_to_index  # type: ignore[attr-defined]
    marks = {name: getattr(torch.compiler, name) for name in _MARKS if hasattr(torch.compiler, name)}
    sys.modules |= {_COMPILER: compiler, _WRAPPED: wrapped}
    torch._dynamo = compiler
    for name in marks:
        setattr(torch.compiler, name, _unchanged)
    try:
        yield
    finally:
        for name, mark in marks.items():
            setattr(torch.compiler, name, mark)
        del torch._dynamo, sys.modules[_COMPILER], sys.modules[_WRAPPED]


@contextmanager
def _everything_remembered() -> Iterator[None]:
    """Let `@lru_cache` forget nothing: transformers has it on reading a folder, and more folders than it keeps."""
    forgetting = functools.lru_cache

    def remembering(maxsize: Any = 128, typed: bool = False) -> Any:
        return forgetting(None, typed)(maxsize) if callable(maxsize) else forgetting(maxsize, typed)

    functools.lru_cache = remembering
    try:
        yield
    finally:
        functools.lru_cache = forgetting


def _unchanged(function: Any = None, **_options: Any) -> Any:
    """A decorator that leaves a function as it is, with or without options."""
    return _unchanged if function is None else function


def _transform_get_item_to_index() -> Any:
    """The real one, imported when it is used."""
    return import_module(_WRAPPED).TransformGetItemToIndex()


def _skipping_meta(fill: Any) -> Any:
    """`fill`, but for tensors without data: models are built of those before weights are read, and torch compiles."""

    def filled(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        return tensor if tensor.is_meta else fill(tensor, *args, **kwargs)

    return filled
