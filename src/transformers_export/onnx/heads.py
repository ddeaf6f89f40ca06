"""What `architectures` in config.json says of a checkpoint: its head, and which feature exports it."""

from __future__ import annotations

from typing import Any

from transformers_export.onnx.features import FeaturesManager


def saved_from(config: Any) -> str:
    """The class that a checkpoint was saved from, or nothing where config.json names none or several."""
    names = getattr(config, "architectures", None) or []
    return str(names[0]) if len(names) == 1 else ""


def feature_of_head(config: Any) -> str | None:
    """The registered feature whose model class the checkpoint was saved from; None where there is none."""
    saved = saved_from(config)
    features = [name for name in FeaturesManager.features_of(config.model_type) if not name.endswith("-with-past")]
    return next((name for name in features if saved and saved in class_names(name, config.model_type)), None)


def class_names(feature: str, model_type: str) -> tuple[str, ...]:
    """Names of the classes that a feature loads for a model type, without importing them."""
    try:
        model_class = FeaturesManager.get_model_class_for_feature(feature, model_type=model_type)
    except KeyError:
        return ()
    mapping = getattr(model_class, "_model_mapping", None)
    if mapping is None:
        return (model_class.__name__,)
    names = mapping._model_mapping.get(model_type, ())
    return (names,) if isinstance(names, str) else tuple(names)
