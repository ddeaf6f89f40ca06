"""Weights that a checkpoint does not have: which of them matter, and the error that names them."""

from __future__ import annotations

import inspect
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.tensorflow.errors import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

logger = logging.getLogger("transformers_export.onnx")

_LEARNED_BUFFERS = ("weight", "bias", "running_mean", "running_var")
"""Buffers that training sets, as in batch normalisation; all others are computed from the configuration."""


class MissingWeightsError(OSError):
    """The checkpoint has no weights for a part of the model; an OSError, as `from_pretrained` raises for its own."""


def missing_weights(model: Any, info: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of parameters, and of buffers that training sets, which `from_pretrained` did not find.

    Args:
        model: The loaded model.
        info: What `from_pretrained` returned with `output_loading_info=True`; tied weights are not in it.
    """
    found = dict(model.named_parameters(remove_duplicate=False))
    learned = {
        name: buffer
        for name, buffer in model.named_buffers(remove_duplicate=False)
        if name.rpartition(".")[2] in _LEARNED_BUFFERS
    }
    prefix = f"{model.base_model_prefix}."
    names = sorted(set(info["missing_keys"]))
    # transformers 4 puts the prefix of models with a head before the names of a base model.
    short = (name if name in found or name in learned else name.removeprefix(prefix) for name in names)
    return tuple(name for name in short if name in found or name in learned)


def is_pooler_alone(missing: Sequence[str]) -> bool:
    """Whether weights of the base model's pooler are missing, and nothing else."""
    return bool(missing) and all(name.startswith("pooler.") for name in missing)


def without_pooler(model: Any) -> bool:
    """Take the pooler out of a base model whose class can be made without one, and log it.

    Returns:
        Whether the class can.
    """
    if "add_pooling_layer" not in inspect.signature(type(model).__init__).parameters:
        return False
    model.pooler = None
    say_no_pooler()
    return True


def say_no_pooler() -> None:
    """Log that the model has no pooler."""
    logger.warning("The checkpoint has no pooler, so the model has none; its pooler_output is None.")


def warn_random(model_class: str, missing: Sequence[str]) -> None:
    """Log which weights are drawn at random, as the caller allowed."""
    if missing:
        logger.warning("The checkpoint has no weights for %s of %s: they are random.", listed(missing), model_class)


def explain(model_class: str, missing: Sequence[str], saved_from: str, feature: str | None) -> str:
    """The sentences of an error.

    Args:
        model_class: Name of the class the weights are for.
        missing: Names of the weights.
        saved_from: The class that config.json names, or nothing.
        feature: The feature that exports that class, if one does.
    """
    known = f"--feature {feature}" if feature else "a feature that it has weights for"
    ask = f"It was saved from {saved_from}: ask for {known}" if saved_from else f"Ask for {known}"
    return (
        f"The checkpoint has no weights for {listed(missing)} of {model_class}: they would be drawn at random. {ask}, "
        "or allow random weights with --allow-missing-weights (allow_missing_weights=True from Python)."
    )


def explain_sizes(model_class: str, mismatched: Sequence[tuple[str, Sequence[int], Sequence[int]]]) -> str:
    """The sentences of an error about weights of another size.

    Args:
        model_class: Name of the class the weights are for.
        mismatched: The name of each, its shape in the checkpoint and in the model.
    """
    each = [f"{name} as {list(held)}, the model takes {list(taken)}" for name, held, taken in mismatched]
    return (
        f"The checkpoint's weights do not fit {model_class}: it holds {listed(each)}. Is its config.json (vocab_size, "
        "num_labels, layers) the one it was saved with?"
    )


def changes_an_output(model: Any, missing: Sequence[str], run: Callable[[], Sequence[Any]]) -> bool:
    """Tell whether an output depends on one of these weights: each becomes NaN for the time of a run.

    Weights that only training uses, such as the vector that stands for masked audio, change nothing.

    Args:
        model: The loaded model.
        missing: Names of parameters and buffers.
        run: Runs the model and returns its outputs.
    """
    import torch

    before = run()
    with _not_a_number(model, missing):
        after = run()
    return not all(torch.equal(first, second) for first, second in zip(before, after, strict=True))


@contextmanager
def _not_a_number(model: Any, names: Sequence[str]) -> Iterator[None]:
    import torch

    named = model.state_dict(keep_vars=True)
    tensors = [named[name] for name in names]
    kept = [tensor.detach().clone() for tensor in tensors]
    with torch.no_grad():
        for tensor in tensors:
            tensor.fill_(float("nan"))
        try:
            yield
        finally:
            for tensor, values in zip(tensors, kept, strict=True):
                tensor.copy_(values)
