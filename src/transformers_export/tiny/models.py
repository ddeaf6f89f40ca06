"""Which model class belongs to a configuration, and one forward pass through it on made-up inputs."""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel
from transformers.models.auto import modeling_auto

from transformers_export.tiny.errors import CannotShrink

if TYPE_CHECKING:
    from collections.abc import Iterator

SEQUENCE = 12
BATCH = 2


def model_class_of(config: Any) -> type:
    """Find a model class built from this configuration: the bare model where there is one.

    Looked at in turn: `architectures` and `auto_map` of the configuration, the Auto classes (registered ones too),
    the modeling module beside the configuration's own, and any loaded class that names this configuration.

    Raises:
        CannotShrink: nothing was found.
    """
    for search in (_from_auto_map, _from_auto_classes, _from_neighbours):
        found = search(config)
        if found is not None:
            return found
    raise CannotShrink(
        f"no model class is known for {type(config).__name__} (model_type {config.model_type!r}). "
        f"Register one with AutoModel.register({type(config).__name__}, YourModel), or pass model_class."
    )


def resolve(model_class: Any, config: Any) -> type:
    """Turn an Auto class into the model class it gives for this configuration; other classes stay as they are."""
    mapping = getattr(model_class, "_model_mapping", None)
    if mapping is None:
        return model_class
    if type(config) not in mapping.keys():  # noqa: SIM118  (a lazy mapping: iterating it loads every class)
        reference = (getattr(config, "auto_map", None) or {}).get(model_class.__name__)
        if reference:
            return _dynamic(config, reference)
        raise ValueError(
            f"{model_class.__name__} has no model for {type(config).__name__}. "
            f"Register one with {model_class.__name__}.register({type(config).__name__}, YourModel)."
        )
    found = mapping[type(config)]
    if not isinstance(found, (list, tuple)):
        return found
    wanted = [c for c in found if c.__name__ in (getattr(config, "architectures", None) or [])]
    return (wanted or found)[0]


def _from_auto_map(config: Any) -> type | None:
    references = getattr(config, "auto_map", None) or {}
    name = next((n for n in ("AutoModel", *references) if n in references and n.startswith("AutoModel")), None)
    if name is None or not getattr(config, "_name_or_path", ""):
        return None
    return _dynamic(config, references[name])


def _dynamic(config: Any, reference: Any) -> type:
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    reference = reference[0] if isinstance(reference, (list, tuple)) else reference
    # The project's own folder, and the caller has chosen to run it by loading the configuration from there.
    return get_class_from_dynamic_module(reference, config._name_or_path)


def _from_auto_classes(config: Any) -> type | None:
    names = sorted(vars(modeling_auto), key=lambda name: name != "MODEL_MAPPING")
    for name in names:
        mapping = getattr(modeling_auto, name)
        if not name.endswith("_MAPPING") or not hasattr(mapping, "_model_mapping"):
            continue
        if type(config) in mapping.keys():  # noqa: SIM118
            found = mapping[type(config)]
            return found[0] if isinstance(found, (list, tuple)) else found
    return None


def _from_neighbours(config: Any) -> type | None:
    """Look into `modeling_x` beside `configuration_x`, then at every model class that is loaded."""
    module = type(config).__module__
    neighbour = module.replace("configuration_", "modeling_")
    if neighbour != module and neighbour not in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                importlib.import_module(neighbour)
            except ModuleNotFoundError:
                return None
    fitting: list[Any] = [c for c in _subclasses(PreTrainedModel) if getattr(c, "config_class", None) is type(config)]
    # The bare model has the shortest name: FooModel before FooForMaskedLM; the abstract base cannot run.
    fitting = [c for c in fitting if c.forward is not torch.nn.Module.forward]
    return min(fitting, key=lambda c: (not c.__name__.endswith("Model"), len(c.__name__)), default=None)


def _subclasses(parent: type) -> Iterator[type]:
    child: type
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


def construct(model_class: Any, config: Any) -> Any:
    """Build a model as `from_config` would; the class may be plain or remote."""
    return model_class._from_config(config)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings and logs of attempts that are expected to fail."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)


def made_inputs(model: Any) -> dict[str, torch.Tensor]:
    """Inputs of batch 2 for whatever of the usual names the model's forward takes.

    Token ids are (2, 12), images (2, channels, height, width), audio (2, samples) or (2, mels, frames).
    """
    config = model.config
    names = inspect.signature(model.forward).parameters
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    vocabulary = _first(text, "vocab_size") or _first(config, "vocab_size") or 8
    tokens = 3 + torch.arange(BATCH * SEQUENCE).reshape(BATCH, SEQUENCE) % max(1, min(vocabulary, 64) - 4)
    result: dict[str, torch.Tensor] = {}
    main = model.main_input_name
    if "input_ids" in names and main == "input_ids":
        result |= {"input_ids": tokens}
        if "attention_mask" in names:
            result["attention_mask"] = torch.ones_like(tokens)
    elif "attention_mask" in names and main not in names:
        result["attention_mask"] = torch.ones_like(tokens)
    if "decoder_input_ids" in names and getattr(config, "is_encoder_decoder", False):
        result["decoder_input_ids"] = tokens[:, :5]
    if main == "pixel_values":
        result["pixel_values"] = torch.rand(BATCH, _channels(config), *image_side(config))
    elif main == "input_features":
        result["input_features"] = torch.rand(BATCH, *_features(config))
    elif main == "input_values":
        result["input_values"] = torch.rand(BATCH, 4000)
    elif main == "inputs":
        result["inputs"] = torch.rand(BATCH, SEQUENCE, _first(config, "d_model") or 1)
    return {name: value for name, value in result.items() if name in names}


def image_side(config: Any) -> tuple[int, int]:
    """Height and width in pixels of the images a configuration asks for; 32 by 32 where it says nothing."""
    for holder in (config, getattr(config, "vision_config", None), getattr(config, "encoder", None)):
        size = _first(holder, "image_size", "img_size", "input_resolution")
        if isinstance(size, int):
            return size, size
        if isinstance(size, (list, tuple)) and len(size) >= 2:
            return int(size[0]), int(size[1])
    return 32, 32


def _channels(config: Any) -> int:
    for holder in (config, getattr(config, "vision_config", None), getattr(config, "encoder", None)):
        channels = _first(holder, "num_channels", "in_channels", "in_chans", "image_channels")
        if isinstance(channels, int):
            return channels
    return 3


def _features(config: Any) -> tuple[int, int]:
    mels = _first(config, "num_mel_bins", "input_feat_per_channel", "feature_size", "input_dim") or 80
    positions = _first(config, "max_source_positions")
    # Speech models that keep a table of source positions halve the frames before it and insist on the full length.
    if positions and _first(config, "num_mel_bins"):
        return mels, 2 * positions
    return 64, mels


def _first(holder: Any, *names: str) -> Any:
    return next((v for v in (getattr(holder, n, None) for n in names) if v is not None), None)
