"""Weights that lie in memory as pages of a file: the system may have the pages back while nobody reads them.

A checkpoint in safetensors is mapped, not read. Once touched, its pages count for this process until it ends, beside
those of the file that ONNX Runtime maps: the same weights twice.
"""

from __future__ import annotations

import ctypes
import mmap
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

_WORTH = 64 << 20
"""Bytes of weights below which looking for their pages costs more than they do."""
_MAPPINGS = Path("/proc/self/smaps")
_HEAD = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ (\d+)", re.MULTILINE)
"""First and last address, permissions, offset, device, and the number of the file; 0 where there is none."""
_OWN = re.compile(r"^(?:Anonymous|Swap): +(\d+) kB", re.MULTILINE)
"""Pages that are copies of the file's, as somebody wrote to them, in memory or swapped out."""


def give_back(model: nn.Module) -> None:
    """Give back the pages of those weights that are as their file has them; the next to read a weight maps it again.

    Nothing is done where weights were written to, are not mapped, or are few, and on systems other than Linux. No
    other thread may write to the weights meanwhile.
    """
    weights = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.device.type == "cpu"]
    if not _MAPPINGS.exists() or sum(weight.nbytes for weight in weights) < _WORTH:
        return
    places = {weight.untyped_storage().data_ptr() for weight in weights}
    for first, last in _unwritten(_MAPPINGS.read_text(encoding="utf-8", errors="replace")):
        if any(first <= place < last for place in places):
            # Of a mapping whose pages are all its file's, nothing is lost. A refusal costs memory, and nothing else.
            ctypes.CDLL(None).madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), mmap.MADV_DONTNEED)


def _unwritten(text: str) -> Iterator[tuple[int, int]]:
    """First and last address of every mapping of a file that nobody wrote to, of a text as `/proc/PID/smaps` has it."""
    heads = [*_HEAD.finditer(text)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=True):
        own = [int(size) for size in _OWN.findall(text, head.end(), end)]
        if int(head[3]) and own and not any(own):
            yield int(head[1], 16), int(head[2], 16)
