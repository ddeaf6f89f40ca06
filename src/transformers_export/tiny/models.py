"""Which model class belongs to a configuration, and how to build it."""

from __future__ import annotations

import importlib
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
    if not _holds(mapping, type(config)):
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


def _holds(mapping: Any, config_class: type) -> bool:
    """Tell whether a lazy mapping has a model for exactly this class.

    Its own `in` compares class names alone, and iterating its keys imports every model of transformers (2 s).
    """
    own = config_class.__module__.partition(".")[0] == "transformers"
    return config_class in mapping and (own or config_class in mapping._extra_content)


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
        if _holds(mapping, type(config)):
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
