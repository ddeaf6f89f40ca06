"""Modules whose forward decides by the length of the text, such as rotary positions that are stretched when it grows.

A capture keeps the way that was taken at one length, and torch.export refuses to choose. Here a module takes every way,
and the graph chooses between the results. This is done where it is cheap: in modules without weights. Such modules
also keep what they saw before, so that PyTorch's own answer depends on earlier runs: that is undone between runs.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import Tensor, nn

_MOST = 8
"""Questions that a module may ask in one forward; beyond that it is no choice between a few ways."""


@contextlib.contextmanager
def every_way(model: nn.Module) -> Iterator[None]:
    """Let modules without weights take every way of a branch on a value while the model is captured."""
    candidates = [module for module in model.modules() if _is_candidate(module) and not _has_table(module)]
    changed = [module for module in candidates if "forward" not in vars(module)]
    for module in changed:
        module.forward = _combined(module, module.forward)
    try:
        yield
    finally:
        for module in changed:
            del module.forward


@contextlib.contextmanager
def forgetful(model: nn.Module) -> Iterator[None]:
    """Let modules without weights begin every forward as they are now."""
    handles = []
    for module in model.modules():
        if _is_candidate(module) and module._buffers:
            before = _State(module)
            handles.append(module.register_forward_pre_hook(lambda *_, before=before: before.restore()))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _is_candidate(module: nn.Module) -> bool:
    return not (type(module).__module__.startswith("torch.") or module._modules or module._parameters)


def _has_table(module: nn.Module) -> bool:
    """Whether it looks positions up in a table: making a longer one is no way that a graph could take."""
    return any(buffer is not None and buffer.ndim > 1 for buffer in module._buffers.values())


class _State:
    """What a module keeps, to be put back; its forward aside, which is ours while a model is captured."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._kept = dict(vars(module))
        self._buffers = dict(module._buffers)

    def restore(self) -> None:
        kept = vars(self._module)
        for name in [name for name in kept if name not in self._kept and name != "forward"]:
            del kept[name]
        kept.update(self._kept)
        self._module._buffers.clear()
        self._module._buffers.update(self._buffers)


class _Way(TorchFunctionMode):
    """One way through a forward: answers the first questions as told, and the others as the example does."""

    def __init__(self, module: nn.Module, told: tuple[bool, ...]) -> None:
        super().__init__()
        self._module = module
        self._told = told
        self.asked: list[tuple[Tensor, bool]] = []

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), named: Mapping[str, Any] | None = None
    ) -> Any:
        if function is torch.Tensor.__bool__:
            return self._answer(arguments[0])
        if function is torch.Tensor.copy_ and (name := self._buffer(arguments[0])):
            # A buffer written in place would be an output of its own, or an operator that ONNX does not have.
            self._module._buffers[name] = arguments[1].to(arguments[0].dtype)
            return self._module._buffers[name]
        return function(*arguments, **(named or {}))

    def _answer(self, question: Tensor) -> bool:
        answer = self._told[len(self.asked)] if len(self.asked) < len(self._told) else _in_the_example(question)
        self.asked.append((question, answer))
        return answer

    def _buffer(self, tensor: Tensor) -> str:
        return next((name for name, buffer in self._module._buffers.items() if buffer is tensor), "")


def _in_the_example(question: Tensor) -> bool:
    try:
        return bool(question)
    except Exception:  # torch.export does not know it: its own errors, of several types
        return False


def _combined(module: nn.Module, forward: Callable[..., Any]) -> Callable[..., Any]:
    """The forward of a module as a choice between all the ways through it."""

    def taken(told: tuple[bool, ...], given: Any, named: Any) -> Any:
        before.restore()
        versions = _versions(given, named)
        with _Way(module, told) as way:
            result = forward(*given, **named)
        if _versions(given, named) != versions:
            return result  # it has changed what it was given, so no other way can be taken from here
        for index in reversed(range(len(told), min(len(way.asked), _MOST))):
            question, answer = way.asked[index]
            others = (*(answer for _, answer in way.asked[:index]), not answer)
            with contextlib.suppress(Exception):  # a way that the model refuses is none that a graph could take
                other = taken(others, given, named)
                result = _chosen(question.bool(), *((result, other) if answer else (other, result)))
        return result

    def combined(*given: Any, **named: Any) -> Any:
        try:
            return taken((), given, named)
        finally:
            before.restore()

    before = _State(module)
    return combined


def _versions(given: tuple[Any, ...], named: Mapping[str, Any]) -> list[int]:
    """How often each tensor was written in place."""
    return [value._version for value in (*given, *named.values()) if isinstance(value, torch.Tensor)]


def _chosen(question: Tensor, yes: Any, no: Any) -> Any:
    """The one or the other, tensor by tensor."""
    if isinstance(yes, torch.Tensor) and isinstance(no, torch.Tensor):
        return torch.where(question, yes, no)
    if isinstance(yes, (tuple, list)):
        return type(yes)(_chosen(question, *pair) for pair in zip(yes, no, strict=True))
    return yes
