"""Checkpoints that are adapters: what another model was changed by, merged into it before it is exported."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.refusals import WrongUseError, refused
from transformers_export.onnx.weights import has_file, has_pytorch_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from transformers_export.onnx.checkpoint import Checkpoint

logger = logging.getLogger("transformers_export.onnx")

FILE = "adapter_config.json"
_PREFIX = "base_model.model."
"""Before every name of a weight in an adapter's file."""


def on_base(checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint of the base with the adapter to merge into it; any other checkpoint as it is.

    Raises:
        WrongUseError: It is an adapter that names no base, or nothing can merge it here.
    """
    model = checkpoint.model
    if has_pytorch_weights(model, checkpoint.cache_dir) or not has_file(model, FILE, checkpoint.cache_dir):
        return checkpoint
    base = _base(checkpoint)
    if not base:
        raise WrongUseError(
            f"{model!r} is an adapter, and its {FILE} does not name the model that it changes. Write that model's hub "
            "id or directory there, as base_model_name_or_path."
        )
    if find_spec("peft") is None:
        raise WrongUseError(
            f"{model!r} is an adapter for {base!r}, not a whole model. With peft it is merged into that model and "
            "exported. Run: pip install peft"
        )
    logger.info("The checkpoint is an adapter for %s; it is merged into that model.", base)
    return replace(checkpoint, model=base, adapter=model)


def _base(checkpoint: Checkpoint) -> str:
    from transformers.utils import cached_file

    directory = Path(checkpoint.model)
    with refused(f"Cannot read {FILE} of {checkpoint.model!r}"):
        local = directory / FILE if directory.is_dir() else None
        file = local or Path(cached_file(checkpoint.model, FILE, cache_dir=checkpoint.cache_dir))
        described = json.loads(file.read_text(encoding="utf-8"))
        base = described.get("base_model_name_or_path")
    return base if isinstance(base, str) else ""


def read_weights(adapter: str, cache_dir: str | None) -> Mapping[str, Tensor]:
    """Return an adapter's weights by name, without what peft puts before each."""
    from peft.utils import load_peft_weights

    found = load_peft_weights(adapter, device="cpu", **({} if cache_dir is None else {"cache_dir": cache_dir}))
    return {name.removeprefix(_PREFIX): weight for name, weight in found.items()}


def labels(weights: Mapping[str, Tensor], model: Any) -> dict[str, int]:
    """Return the option for the number of classes, where an adapter brings a head of another size than the base.

    The base's configuration cannot know it, and an adapter does not write it down.
    """
    if hasattr(model, "get_output_embeddings") and model.get_output_embeddings() is not None:
        return {}  # a head over the vocabulary
    own = model.state_dict()
    sizes = {
        weight.shape[0]
        for name, weight in weights.items()
        if name in own and own[name].shape[:1] == (model.config.num_labels,) and weight.shape != own[name].shape
    }
    return {"num_labels": sizes.pop()} if len(sizes) == 1 else {}


def merge(model: Any, adapter: str, cache_dir: str | None) -> Any:
    """Return the model with an adapter's changes in its weights.

    A base in bfloat16 is made float32 first, in which the graph is made: rounding the sums would lose most of them.

    Raises:
        ValueError: The adapter changes what the model is given, and none of its weights.
    """
    from peft import PeftModel

    if str(model.dtype) == "torch.bfloat16":
        logger.info("%s is in bfloat16; adapter and graph are in float32.", type(model).__name__)
        model = model.float()
    options = {} if cache_dir is None else {"cache_dir": cache_dir}
    changed = PeftModel.from_pretrained(model, adapter, **options)
    if not hasattr(changed, "merge_and_unload"):
        kind = changed.peft_config["default"].peft_type.value
        raise ValueError(
            f"{adapter!r} is an adapter of the kind {kind}, which changes inputs and not weights, so that it cannot be "
            "merged. Adapters such as LoRA can."
        )
    return changed.merge_and_unload().eval()


def still_lost(lost: Sequence[str], weights: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Return the weights that neither the base nor the adapter has."""
    return tuple(name for name in lost if name not in weights)
