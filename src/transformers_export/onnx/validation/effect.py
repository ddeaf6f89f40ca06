"""Check `effect`: every declared input matters, in PyTorch and in the graph.

An input that moves no output proves nothing: a graph that ignored it would pass every comparison. So each is changed
alone and some output must move by more than the tolerance. Causes for which none can move are recognised and said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np

from transformers_export.onnx.config import OnnxConfig
from transformers_export.onnx.inputs import Sizes
from transformers_export.onnx.lengths import is_seq2seq
from transformers_export.onnx.padding import MASKS
from transformers_export.onnx.reach import reached_inputs
from transformers_export.onnx.validation.forgotten import forgotten_inputs
from transformers_export.onnx.validation.runs import EFFECT, ModelRefusedError, Run, run_inputs
from transformers_export.onnx.validation.tolerance import limits_for
from transformers_export.onnx.validation.types import Check
from transformers_export.onnx.validation.values import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from transformers_export.onnx.validation.material import Observed
    from transformers_export.onnx.validation.runs import Subject

SIZES = (
    Sizes(batch=2, sequence=4, decoder=3, past=3, choices=2),
    # Some heads on sequence-to-sequence models need both sides of one length, and some models more than four tokens.
    Sizes(batch=2, sequence=9, decoder=9, past=6, choices=2),
)


@dataclass(frozen=True)
class Effect:
    """How far one input moves the outputs, as shares of the tolerance."""

    name: str
    model: float
    """In PyTorch; at most 1 is not seen by any comparison."""
    graph: float
    """In the graph; infinity where it gives no such output, which other checks say."""


def check_effect(seen: Observed) -> Check:
    """Change each declared input alone and see whether an output moves."""
    try:
        effects = list(_effects(seen.subject, seen.runs))
    except ModelRefusedError as refusal:
        return Check("effect", "not-run", f"PyTorch does not take the inputs that were drawn: {refusal}")
    if not effects:
        return Check("effect", "not-run", "PyTorch's own output holds NaN or infinity")
    used = reached_inputs(seen.file.graph.graph)
    own = isinstance(seen.subject.config, OnnxConfig)
    harmless: list[str] = []
    problems: list[str] = []
    advice: list[str] = []
    for effect in effects:
        if effect.model <= 1:
            cause = without_effect(seen.subject, effect.name)
            said = f"{effect.name} moves no output in PyTorch: {cause or _UNPROVED}"
            # A class that derives from transformers.onnx declares what it always did: not the fault of the change.
            (harmless if cause else problems if own else advice).append(said)
        elif effect.name not in used:
            problems.append(f"the graph does not use {effect.name}, which moves an output in PyTorch")
        elif effect.graph <= 1:
            problems.append(f"{effect.name} moves an output in PyTorch and none in the graph")
    (problems if own else advice).extend(forgotten_inputs(seen.subject))
    if problems:
        return Check("effect", "failed", "; ".join(problems), figure=float(len(problems)), limit=0.0)
    if advice:
        return Check("effect", "advice", "; ".join([*advice, *harmless]), figure=0.0, limit=0.0)
    moving = [effect for effect in effects if effect.model > 1]
    least = min(moving, key=lambda effect: effect.model, default=None)
    by = f", {least.name} least: {least.model:.0f} times the tolerance" if least else ""
    detail = f"{len(moving)} inputs move an output{by}"
    return Check("effect", "passed", "; ".join([detail, *harmless]), figure=0.0, limit=0.0)


_UNPROVED = (
    "nothing shows that the graph gets it right. Does forward() use it? If not, leave it out of the configuration's "
    "inputs"
)


def _effects(subject: Subject, runs: Sequence[Run]) -> Iterator[Effect]:
    """All changes as rows of one batch; those that move nothing, and have no known cause, are asked one by one."""
    places = batch_axes(subject)
    rows = _effect_of_only_input(subject, runs) or effects_by_row(subject, places) if places else []
    done = {row.name: row for row in rows if row.model > 1 or without_effect(subject, row.name)}
    yield from done.values()
    names = [name for name in subject.flat.input_names if name not in done]
    if names:
        yield from _effects_one_by_one(subject, names)


def batch_axes(subject: Subject) -> dict[str, int]:
    """Where each input has its batch; nothing where one has none, or an output has it elsewhere than in front."""
    config, flat = subject.config, subject.flat
    places: dict[str, int] = {}
    for name in flat.input_names:
        found = [axis for axis, label in config.inputs[name].items() if label == "batch"]
        places |= {name: found[0]} if found else {}
    in_front = all(config.outputs[name].get(0) == "batch" for name in flat.output_names)
    return places if in_front and len(places) == len(flat.input_names) else {}


def _effect_of_only_input(subject: Subject, runs: Sequence[Run]) -> list[Effect]:
    """The effect of a model's only input, from a run that was made: its rows differ in nothing else.

    Empty where there are several inputs, or no run has two rows.
    """
    run = next((run for run in runs if run.sizes.batch > 1), None)
    if run is None or len(subject.flat.input_names) > 1:
        return []
    return [_effect_of_row(subject, run, subject.flat.input_names[0], 1)]


def effects_by_row(subject: Subject, places: Mapping[str, int]) -> list[Effect]:
    """Effects from one run of equal rows, each with another input changed; rows of a batch do not see each other.

    Args:
        subject: What is validated.
        places: The batch axis of every input, see `batch_axes`.

    Returns:
        Nothing where PyTorch does not take the rows.
    """
    names = subject.flat.input_names
    sizes = replace(SIZES[0], batch=1 + len(names))
    rows, other = subject.draw(sizes, EFFECT), subject.draw(sizes, EFFECT + 1)
    for row, name in enumerate(names, start=1):
        axis = places[name]
        first = rows[name].narrow(axis, 0, 1).clone()
        rows[name] = first.expand([len(names) + 1 if each == axis else -1 for each in range(first.ndim)]).clone()
        changed = next(changes(name, first, other[name].narrow(axis, 1, 1)), first)
        rows[name].narrow(axis, row, 1).copy_(changed)
    try:
        run = run_inputs(subject, sizes, rows)
    except ModelRefusedError:
        return []
    return [_effect_of_row(subject, run, name, row) for row, name in enumerate(names, start=1)]


def _effect_of_row(subject: Subject, run: Run, name: str, row: int) -> Effect:
    asked = _outputs_asked(subject, name)
    atol = _visible(subject, *({each: side[each][:1] for each in side} for side in (run.expected, run.actual)))
    base, moved = ({each: run.expected[each][at : at + 1] for each in asked} for at in (0, row))
    model = max(_moved(base, moved, output, atol) for output in asked)
    given = [output for output in asked if output in run.actual and run.actual[output].shape[0] > row]
    base, moved = ({each: run.actual[each][at : at + 1] for each in given} for at in (0, row))
    graph = max((_moved(base, moved, output, atol) for output in given), default=inf)
    return Effect(name, model, graph)


def _effects_one_by_one(subject: Subject, names: Sequence[str]) -> Iterator[Effect]:
    base, drawn = _base(subject)
    if not all(np.isfinite(array).all() for array in base.expected.values()):
        return
    other = subject.draw(base.sizes, EFFECT + 1)
    atol = _visible(subject, base.expected, base.actual)
    for name in names:
        outputs = _outputs_asked(subject, name)
        best = Effect(name, 0.0, 0.0)
        for changed in changes(name, drawn[name], other[name]):
            try:
                moved = run_inputs(subject, base.sizes, {**drawn, name: changed})
            except ModelRefusedError:
                continue
            model = max(_moved(base.expected, moved.expected, output, atol) for output in outputs)
            given = [output for output in outputs if output in base.actual and output in moved.actual]
            graph = max((_moved(base.actual, moved.actual, output, atol) for output in given), default=inf)
            best = max(best, Effect(name, model, graph), key=lambda effect: effect.model)
            if best.model > 1:
                break
        yield best


def _base(subject: Subject) -> tuple[Run, Mapping[str, Tensor]]:
    """The run that others are held against, and its inputs.

    Raises:
        ModelRefusedError: PyTorch takes none of the sizes.
    """
    for sizes in SIZES[:-1]:
        drawn = subject.draw(sizes, EFFECT)
        try:
            return run_inputs(subject, sizes, drawn), drawn
        except ModelRefusedError:
            continue
    drawn = subject.draw(SIZES[-1], EFFECT)
    return run_inputs(subject, SIZES[-1], drawn), drawn


def changes(name: str, drawn: Tensor, other: Tensor) -> Iterator[Tensor]:
    """Other values of an input that a model may take, each different from the ones drawn; the likeliest first.

    Args:
        name: Its declared name.
        drawn: Its values.
        other: Values drawn anew.
    """
    candidates = [_masked(drawn)] if name in MASKS else [other]
    if not drawn.is_floating_point():
        # What may mean something (boxes, a mask of some kind) is only put into another order, or masked.
        candidates += [drawn.flip(axis) for axis in range(drawn.ndim)]
        candidates.append(_masked(drawn))
    return (candidate for candidate in candidates if not candidate.equal(drawn))


def _masked(drawn: Tensor) -> Tensor:
    """Zeros in the first row from its second place on, up to the middle: a causal mask leaves each some to see."""
    changed = drawn.clone()
    changed[0, ..., 1 : 1 + max(1, drawn.shape[-1] // 2)] = 0
    return changed


def _outputs_asked(subject: Subject, name: str) -> list[str]:
    """Outputs that must move: the cache that is returned holds the one that was given, which shows nothing."""
    outputs = subject.flat.output_names
    kept = [output for output in outputs if not output.startswith("present.")]
    return kept or list(outputs)


def _visible(subject: Subject, expected: Mapping[str, np.ndarray], actual: Mapping[str, np.ndarray]) -> float:
    """The tolerance above which a movement is seen.

    Half precision has a large tolerance, of which small models use little: there a movement counts that is far larger
    than what graph and model are apart where nothing was changed.
    """
    shares = [difference(expected[name], actual[name], subject.atol)[1] for name in expected if name in actual]
    worst = max(shares, default=inf)
    apart = subject.atol * worst if isfinite(worst) else subject.atol
    return min(subject.atol, max(subject.config.atol_for_validation, _FAR * apart))


_FAR = 4


def _moved(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], output: str, atol: float) -> float:
    """How far an output moved, in shares of the tolerance; infinity where its shape did."""
    one, other = before[output], after[output]
    if one.shape != other.shape:
        return float("inf")
    if not np.issubdtype(one.dtype, np.floating):
        return float("inf") if (one != other).any() else 0.0
    apart = np.nan_to_num(np.abs(one.astype(np.float64) - other), nan=0.0)
    return float((apart / limits_for(one, atol)).max(initial=0.0))


def without_effect(subject: Subject, name: str) -> str:
    """Say why an input cannot move any output, or nothing where no cause is known."""
    config = subject.config
    cached = any(".encoder." in declared for declared in config.inputs)
    if is_seq2seq(config) and cached and not name.startswith(("decoder_", "past_key_values.")) and name not in MASKS:
        return "the cache holds the encoder's keys and values, so what the encoder reads is not asked for again"
    if name == "token_type_ids" and getattr(config._config, "type_vocab_size", 2) in (0, 1):
        return "the model has one token type"
    return ""
