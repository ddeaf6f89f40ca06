"""Watching PyTorch compute: every operator, the module and line it belongs to, and a copy of what it gave."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from transformers_export.onnx.locating.decide import is_layout
from transformers_export.onnx.locating.types import Call, Op, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

    from transformers_export.onnx.flat import FlatModel

_TORCH = os.path.join(os.path.dirname(torch.__file__), "")  # noqa: PTH118, PTH120  (compared as text, once a frame)


def watch(flat: FlatModel, inputs: Mapping[str, Tensor], *, disturbed: bool = False) -> Trace:
    """Call the model and record what it computes.

    Args:
        flat: The model, prepared.
        inputs: Tensors by declared name.
        disturbed: Change what every innermost module gives by about one unit in the last place, to see how far
            rounding alone carries.
    """
    recorder = _Recorder(flat)
    with _hooks(flat, recorder, disturbed=disturbed), recorder:
        given = [inputs[name].clone() for name in flat.input_names]
        for tensor in given:
            recorder.place(tensor)
        outputs = flat(*given)
    recorder.trace.outputs = tuple(recorder.places.get(id(tensor)) for tensor in outputs)
    return recorder.trace


class _Recorder(TorchDispatchMode):
    """Sees every operator below autograd, in the order they run."""

    def __init__(self, flat: FlatModel) -> None:
        super().__init__()
        self.trace = Trace()
        self.places: dict[int, int] = {}
        """Place of the newest value of a tensor, by its identity."""
        self.stack: list[tuple[str, nn.Module]] = []
        self._alive: list[Tensor] = []
        """Identities stay theirs while the tensors live."""
        self._by_storage: dict[int, list[int]] = {}
        self._files = {type(module): source_of(type(module))[0] for module in flat.modules()}
        self._constant = {id(tensor) for tensor in (*flat.parameters(), *flat.buffers())}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        given = list(tensors_of((args, kwargs)))
        made = list(tensors_of(result))
        read = [tensor for tensor in given if id(tensor) not in self._constant]
        name = str(func)
        if given and not read and is_layout(name):
            self._constant.update(map(id, made))
            self._alive += made
        elif made:
            inputs = tuple(dict.fromkeys(map(self.place, read)))
            changed = set(map(id, read))
            outputs = tuple(self._new(tensor, changed=id(tensor) in changed) for tensor in made)
            file, line = _line(sys._getframe(1), self._owner())
            self.trace.ops.append(Op(name, self.stack[-1][0] if self.stack else "", file, line, inputs, outputs))
        return result

    def place(self, tensor: Tensor) -> int:
        """The place of a tensor's newest value; one not seen before gets its first."""
        found = self.places.get(id(tensor))
        return self._new(tensor) if found is None else found

    def stands_for(self, tensor: Tensor, other: Tensor) -> None:
        """Take one tensor for another."""
        self._alive.append(tensor)
        if id(other) in self._constant:
            self._constant.add(id(tensor))
        else:
            self.places[id(tensor)] = self.place(other)

    def _new(self, tensor: Tensor, *, changed: bool = False) -> int:
        place = len(self.trace.values)
        self.trace.values.append(as_array(tensor))
        self._alive.append(tensor)
        self.places[id(tensor)] = place
        shared = self._by_storage.setdefault(tensor.untyped_storage()._cdata, [])
        if changed:  # whoever looks at the same memory sees the new value
            self.places.update(dict.fromkeys(shared, place))
        shared.append(id(tensor))
        return place

    def _owner(self) -> str:
        """File of the innermost running module that is not torch's own."""
        for _, module in reversed(self.stack):
            file = self._files[type(module)]
            if file and not is_torchs(file):
                return file
        return ""


@contextmanager
def _hooks(flat: FlatModel, recorder: _Recorder, *, disturbed: bool) -> Iterator[None]:
    """Follow which module runs, and what each returns."""
    trace, begun = recorder.trace, []
    handles = []
    generator = torch.Generator().manual_seed(0)

    def enter(path: str, module: nn.Module, _: Any) -> None:
        recorder.stack.append((path, module))
        begun.append(len(trace.ops))

    def leave(path: str, module: nn.Module, _: Any, result: Any) -> None:
        recorder.stack.pop()
        first = begun.pop()
        main = main_tensor(result)
        output = None if main is None else recorder.places.get(id(main))
        trace.calls.append(Call(path, type(module).__name__, first, len(trace.ops), output))

    def disturb(_: nn.Module, __: Any, result: Any) -> Any:
        if not isinstance(result, Tensor) or not result.is_floating_point():
            return result
        with _disable_current_modes():
            noise = torch.rand(result.shape, generator=generator).to(result.dtype) * 2 - 1
            moved = result * (1 + torch.finfo(result.dtype).eps * noise)
        recorder.stands_for(moved, result)
        return moved

    for path, module in flat.named_modules():
        handles.append(module.register_forward_pre_hook(functools.partial(enter, path)))
        handles.append(module.register_forward_hook(functools.partial(leave, path), always_call=False))
        if disturbed and not any(True for _ in module.children()):
            handles.append(module.register_forward_hook(disturb))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def is_torchs(file: str) -> bool:
    """Whether a file is one of torch's own."""
    return file.startswith(_TORCH)


def tensors_of(content: Any) -> Iterator[Tensor]:
    """Every tensor in a nest of mappings and sequences, in order."""
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, dict):
        for item in content.values():
            yield from tensors_of(item)
    elif isinstance(content, tuple | list):
        for item in content:
            yield from tensors_of(item)


def main_tensor(result: Any) -> Tensor | None:
    """What a module gives: its first tensor of fractions, else its first tensor."""
    found = list(tensors_of(result))
    return next((tensor for tensor in found if tensor.is_floating_point()), found[0] if found else None)


def as_array(tensor: Tensor) -> Any:
    """A copy as NumPy keeps it."""
    plain = tensor.detach()
    if plain.dtype == torch.bfloat16:
        plain = plain.float()
    return plain.cpu().numpy().copy()


def source_of(kind: type) -> tuple[str, int]:
    """File and line of a class; empty and 0 where there is none."""
    try:
        return inspect.getsourcefile(kind) or "", inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        return "", 0


def _line(frame: FrameType | None, owner: str) -> tuple[str, int]:
    """The innermost line in the owner's file, else the innermost outside torch."""
    first: tuple[str, int] = ("", 0)
    while frame is not None:
        name = frame.f_code.co_filename
        if name == owner:
            return name, frame.f_lineno
        if not first[0] and not is_torchs(name) and name != __file__:
            first = name, frame.f_lineno
        frame = frame.f_back
    return first
