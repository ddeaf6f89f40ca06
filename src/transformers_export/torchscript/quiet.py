"""torch.jit's own warnings: its deprecation is known here, what it says of the model is kept, all else passes on."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING

from torch.jit import TracerWarning  # type: ignore[attr-defined]  # torch does not list it

from transformers_export.model_code import is_model_code

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEPRECATED = re.compile(r"`torch\.jit\.\w+` is (deprecated|not supported in Python 3\.14\+)")

_INSTALLED = "site-packages"
"""What is said of installed code comes after what is said of the reader's own."""


@contextmanager
def quiet(*, tracing: bool = False) -> Iterator[list[str]]:
    """Call torch.jit without its deprecation warnings.

    Args:
        tracing: torch.jit.trace reads every property of every module, so those that a library calls deprecated warn:
            such warnings are no one's business here. What `forward()` itself warns of comes up when it is run before.

    Yields:
        A list that holds, after the block, what the tracer warned of: `modeling_x.py:12: Converting a tensor ...`, each
        once. Warnings of any other kind are issued again when the block ends.
    """
    remarks: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield remarks
        finally:
            others = [one for one in caught if not _is_known(one, tracing)]
            said = [one for one in caught if issubclass(one.category, TracerWarning)]
            said.sort(key=lambda one: (not is_model_code(one.filename), _INSTALLED in PurePath(one.filename).parts))
            remarks += dict.fromkeys(map(_remark, said))
            if said:  # only then: loading a trace needs torch alone
                from transformers_export.onnx.exporters.remarks import tell_of_warnings

                tell_of_warnings(said)
    for one in others:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _is_known(caught: warnings.WarningMessage, tracing: bool) -> bool:
    if issubclass(caught.category, TracerWarning):
        return True
    if tracing and issubclass(caught.category, (DeprecationWarning, FutureWarning)):
        return True
    deprecation = issubclass(caught.category, (DeprecationWarning, FutureWarning))  # the latter from torch 2.14 on
    return deprecation and bool(_DEPRECATED.match(str(caught.message)))


def _remark(caught: warnings.WarningMessage) -> str:
    """The first sentence, with the line of the model's code it is about."""
    sentence = str(caught.message).strip().partition(". ")[0].partition("\n")[0]
    return f"{PurePath(caught.filename).name}:{caught.lineno}: {sentence}"
