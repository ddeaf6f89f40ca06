"""A checkpoint becomes a model: PyTorch's weights, else TensorFlow's, and none that the checkpoint does not have."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from transformers_export.onnx import adapters, heads, missing
from transformers_export.onnx.checkpoint import Checkpoint, load_preprocessors
from transformers_export.onnx.encoder_alone import constructor_for, encoder_class
from transformers_export.onnx.features import FeaturesManager
from transformers_export.onnx.missing import MissingWeightsError
from transformers_export.onnx.tensorflow.errors import listed
from transformers_export.onnx.weights import has_pytorch_weights, has_tensorflow_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

logger = logging.getLogger("transformers_export.onnx")

_ATTENTION = ("attn_implementation", "_attn_implementation")
"""What config.json calls the attention, by whoever wrote it."""


def load_model(
    feature: str,
    model: str,
    cache_dir: str | None,
    *,
    allow_missing_weights: bool = False,
    adapter: str = "",
    **options: Any,
) -> Any:
    """Load a checkpoint into the model class of a feature; see `FeaturesManager.get_model_from_feature`.

    Raises:
        KeyError: The feature's task has no Auto class.
        MissingWeightsError: The checkpoint has no weights for a part of the model that the feature needs.
        OSError: No such checkpoint, or TensorFlow's weights and the model do not fit.
    """
    options = {"trust_remote_code": False, **options}  # None makes transformers ask on the terminal
    trusted = Checkpoint(model, cache_dir, trust_remote_code=bool(options["trust_remote_code"]), adapter=adapter)
    model_class = _model_class(feature, trusted)
    options = {**_attention(trusted), **options}
    try:
        loaded, info = _from_pretrained(model_class, model, {"cache_dir": cache_dir, **options})
    except OSError:
        if has_pytorch_weights(model, cache_dir) or not has_tensorflow_weights(model, cache_dir):
            raise
        return import_module("transformers_export.onnx.tensorflow.loading").load(
            model,
            model_class,
            cache_dir,
            allow_missing_weights=allow_missing_weights,
            **{name: value for name, value in options.items() if name != "config"},
        )
    lost = missing.missing_weights(loaded, info)
    if adapter:
        brought = adapters.read_weights(adapter, cache_dir)
        if labels := adapters.labels(brought, loaded):
            loaded, _ = _from_pretrained(model_class, model, {"cache_dir": cache_dir, **options, **labels})
        lost = adapters.still_lost(lost, brought)
        loaded = adapters.merge(loaded, adapter, cache_dir)
    if encoder_class(loaded.config) is None and missing.is_pooler_alone(lost) and missing.without_pooler(loaded):
        lost = ()
    if lost and allow_missing_weights:
        missing.warn_random(type(loaded).__name__, lost)
    elif lost:
        _require_unneeded(loaded, lost, feature, trusted)
    return loaded


def _model_class(feature: str, checkpoint: Checkpoint) -> Any:
    if feature != "default" and not FeaturesManager.has_own_classes(FeaturesManager.feature_to_task(feature)):
        return FeaturesManager.get_model_class_for_feature(feature)
    config = import_module("transformers").AutoConfig.from_pretrained(checkpoint.model, **checkpoint.options)
    alone = encoder_class(config) if feature == "default" else None
    return alone or FeaturesManager.get_model_class_for_feature(feature, model_type=config.model_type)


def _attention(checkpoint: Checkpoint) -> dict[str, Any]:
    """The options that replace attention kernels which config.json asks for and no graph can hold.

    The configuration is handed over with them: a key `_attn_implementation` of config.json outdoes the option alone.
    """
    transformers = import_module("transformers")
    written, _ = transformers.PretrainedConfig.get_config_dict(checkpoint.model, cache_dir=checkpoint.cache_dir)
    asked = sorted(_asked_attention(written) - {"eager", "sdpa"})
    if not asked:
        return {}
    named = listed([repr(each) for each in asked])
    logger.warning("config.json asks for the attention %s; the export uses eager attention.", named)
    config = transformers.AutoConfig.from_pretrained(checkpoint.model, **checkpoint.options)
    for each in (config, *(getattr(config, name, None) for name in getattr(config, "sub_configs", ()))):
        if each is not None:
            each._attn_implementation = "eager"
    return {"attn_implementation": "eager", "config": config}


def _asked_attention(written: Mapping[str, Any]) -> set[str]:
    """The kernels that a config.json asks for, for the model and for its parts."""
    found = {value for key, value in written.items() if key in _ATTENTION and isinstance(value, str)}
    return found.union(*(_asked_attention(value) for value in written.values() if isinstance(value, dict)))


def _from_pretrained(model_class: Any, model: str, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The model, and what transformers says of its weights; sizes that differ are an error unless they are asked for.

    Raises:
        MissingWeightsError: A weight has another size than the model.
    """
    loaded, info = model_class.from_pretrained(
        model, output_loading_info=True, **{"ignore_mismatched_sizes": True, **options}
    )
    if info["mismatched_keys"] and not options.get("ignore_mismatched_sizes"):
        raise MissingWeightsError(missing.explain_sizes(type(loaded).__name__, sorted(info["mismatched_keys"])))
    return loaded, info


def _require_unneeded(loaded: Any, lost: Sequence[str], feature: str, checkpoint: Checkpoint) -> None:
    """Refuse weights that are missing and that an output of the feature depends on.

    Raises:
        MissingWeightsError: An output depends on them, or it could not be found out.
    """
    try:
        needed = missing.changes_an_output(loaded, lost, lambda: _outputs(loaded, feature, checkpoint))
    except Exception:
        logger.debug("Cannot run the model to see which weights it needs", exc_info=True)
        needed = True
    if needed:
        saved, exports = heads.saved_from(loaded.config), heads.feature_of_head(loaded.config)
        raise MissingWeightsError(missing.explain(type(loaded).__name__, lost, saved, exports))
    logger.info("The checkpoint has no weights for %s; no output depends on them.", listed(lost))


def _outputs(loaded: Any, feature: str, checkpoint: Checkpoint) -> list[Tensor]:
    """What every graph of the feature gives for the example inputs."""
    from transformers_export.onnx.flat import prepared
    from transformers_export.onnx.inputs import TRACED, make_inputs, template_inputs
    from transformers_export.onnx.parts import parts_of
    from transformers_export.onnx.probing import tied

    config = constructor_for(loaded.config, feature)(loaded.config)
    preprocessors = load_preprocessors(checkpoint, "auto", feature, config)
    outputs: list[Tensor] = []
    for part, preprocessor in zip(parts_of(loaded, config), preprocessors, strict=True):
        with prepared(part.model, part.config) as flat:
            template = template_inputs(part.config, preprocessor, part.model)
            drawn = make_inputs(part.config, template, tied(flat, part.config, template, TRACED))
            outputs.extend(flat(*(drawn[name] for name in flat.input_names)))
    return outputs
