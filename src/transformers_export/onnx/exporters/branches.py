"""What torch.export refuses because Python decides by something that is known only when the model runs."""

from __future__ import annotations

import linecache
import re
import traceback

from transformers_export.model_code import Line, chain, is_above_machinery, last_model_line

_BY_VALUE = re.compile(r"GuardOnDataDependentSymNode|Could not guard on data-dependent|[Dd]ata.dependent")
_BY_LENGTH = re.compile(r"ConstraintViolation|Constraints violated|specialized it to be a constant|0/1 specializ")
_WHY = {
    _BY_VALUE: "decides in Python by a value that is known only when the model runs, such as the length that a tensor "
    "holds",
    _BY_LENGTH: "decides in Python by the length of an axis that is declared to vary",
}
_ADVICE = (
    "torch.export keeps one side of a branch alone, so it refuses. Use a variant of the model without this branch, "
    "such as another `attn_implementation` or rope_type; or write the line with torch.where or torch.cond; or try the "
    "legacy exporter, where validation shows up to which length the file is right."
)


class BranchError(RuntimeError):
    """The model decides in Python by what is known only when it runs; the message names the line."""


def branch_in(error: BaseException) -> BranchError | None:
    """Return the refusal of a branch that an exception of torch.export is; None where it is something else."""
    said = "\n".join(f"{type(link).__name__}: {link}" for link in chain(error))
    why = next((why for pattern, why in _WHY.items() if pattern.search(said)), None)
    line = last_model_line(error) or _last_line(error)
    if why is None or line is None:
        return None
    source = linecache.getline(line.file, line.number).strip()
    return BranchError(f"{line} {why}: `{source}`. {_ADVICE}" if source else f"{line} {why}. {_ADVICE}")


def _last_line(error: BaseException) -> Line | None:
    """Return the innermost line that is neither torch's, an exporter's nor Python's."""
    for link in reversed(list(chain(error))):
        for frame in reversed(traceback.extract_tb(link.__traceback__)):
            if is_above_machinery(frame.filename) and "exporters" not in frame.filename.replace("\\", "/").split("/"):
                return Line(frame.filename, frame.lineno or 0)
    return None
