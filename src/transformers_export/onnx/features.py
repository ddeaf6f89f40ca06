"""FeaturesManager: which features each model type has, and the configuration class that declares them.

Classes are named by dotted path and imported on first use, so that reading this registry costs no torch import. A
package of custom models adds its own with `FeaturesManager.register`; ours are in `ready_made/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Constructor = Callable[[Any], Any]
    """Makes the OnnxConfig of a model's configuration."""

_WITH_PAST = "-with-past"


@dataclass(frozen=True)
class Registration:
    """One model type's features and the dotted path of its configuration class."""

    features: tuple[str, ...]
    onnx_config: str
    model_classes: Mapping[str, str] = field(default_factory=dict)
    """Task to the name of a class in transformers, where no Auto class leads to it."""


class FeaturesManager:
    """The registry of model types, their features and the Auto classes of tasks."""

    _TASKS_TO_AUTOMODELS: ClassVar[dict[str, tuple[str, ...]]] = {
        "default": ("AutoModel",),
        "masked-lm": ("AutoModelForMaskedLM",),
        "causal-lm": ("AutoModelForCausalLM",),
        "seq2seq-lm": ("AutoModelForSeq2SeqLM",),
        "sequence-classification": ("AutoModelForSequenceClassification",),
        "token-classification": ("AutoModelForTokenClassification",),
        "multiple-choice": ("AutoModelForMultipleChoice",),
        "object-detection": ("AutoModelForObjectDetection",),
        "question-answering": ("AutoModelForQuestionAnswering",),
        "image-classification": ("AutoModelForImageClassification",),
        "image-segmentation": ("AutoModelForImageSegmentation",),
        "masked-im": ("AutoModelForMaskedImageModeling",),
        "semantic-segmentation": ("AutoModelForSemanticSegmentation",),
        "vision2seq-lm": ("AutoModelForVision2Seq", "AutoModelForImageTextToText"),
        "speech2seq-lm": ("AutoModelForSpeechSeq2Seq",),
        "audio-classification": ("AutoModelForAudioClassification",),
        "audio-frame-classification": ("AutoModelForAudioFrameClassification",),
        "audio-xvector": ("AutoModelForAudioXVector",),
        "ctc": ("AutoModelForCTC",),
        "depth-estimation": ("AutoModelForDepthEstimation",),
    }
    """Names in the order to try: transformers 5 renamed one."""

    _REGISTRY: ClassVar[dict[str, Registration]] = {}

    AVAILABLE_FEATURES: ClassVar[list[str]] = []
    """Every registered feature once, sorted."""

    @classmethod
    def register(
        cls, model_type: str, *features: str, onnx_config: str, model_classes: Mapping[str, str] | None = None
    ) -> None:
        """Register a model type; a second time replaces the first.

        Args:
            model_type: The `model_type` of the model's configuration; underscores may be dashes.
            *features: Its features, e.g. `"default"`, `"causal-lm-with-past"`.
            onnx_config: Dotted path of the OnnxConfig class, e.g. `"acme.onnx.AcmeOnnxConfig"`.
            model_classes: Tasks whose model the task's Auto class does not lead to, each with the name of the class
                in transformers, e.g. `{"causal-lm": "FlaubertWithLMHeadModel"}`.

        Raises:
            ValueError: No feature, one twice, one whose task has no Auto class, or a path without a module.
        """
        key = _key(model_type)
        unknown = [feature for feature in features if cls.feature_to_task(feature) not in cls._TASKS_TO_AUTOMODELS]
        if unknown or not features or len(set(features)) != len(features):
            raise ValueError(
                f"Cannot register {model_type!r} with features {list(features)}: expected each once and at least one "
                f"of {sorted(cls._TASKS_TO_AUTOMODELS)}, with or without {_WITH_PAST!r}."
            )
        if "." not in onnx_config:
            raise ValueError(f"onnx_config must be a dotted path such as 'package.module.Class', got {onnx_config!r}.")
        cls._REGISTRY[key] = Registration(features, onnx_config, dict(model_classes or {}))
        cls.AVAILABLE_FEATURES[:] = sorted(set(cls.AVAILABLE_FEATURES).union(features))

    @classmethod
    def model_types(cls) -> list[str]:
        """Registered model types, sorted."""
        return sorted(cls._REGISTRY)

    @classmethod
    def features_of(cls, model_type: str) -> tuple[str, ...]:
        """Registered features of a model type, in registered order; empty where there are none."""
        registration = cls._REGISTRY.get(_key(model_type))
        return registration.features if registration else ()

    @classmethod
    def get_supported_features_for_model_type(
        cls, model_type: str, model_name: str | None = None
    ) -> dict[str, Constructor]:
        """Map each feature of a model type to what makes its OnnxConfig.

        Raises:
            KeyError: The model type is not registered; the message lists those that are.
        """
        registration = cls._REGISTRY.get(_key(model_type))
        if registration is None:
            who = f"{model_type} ({model_name})" if model_name else model_type
            raise KeyError(
                f"{who} is not supported yet. Supported model types: {', '.join(cls.model_types())}. To add it, write "
                "an OnnxConfig class and call FeaturesManager.register(model_type, *features, onnx_config=...)."
            )
        return {feature: partial(_construct, registration.onnx_config, feature) for feature in registration.features}

    @staticmethod
    def feature_to_task(feature: str) -> str:
        """The task of a feature: its name without `-with-past`."""
        return feature.replace(_WITH_PAST, "")

    @classmethod
    def get_model_class_for_feature(cls, feature: str, framework: str = "pt", model_type: str | None = None) -> Any:
        """The Auto class of a feature, or the class that is registered for it with the model type.

        Raises:
            KeyError: The feature's task has none.
            ValueError: Another framework than PyTorch.
        """
        _require_pytorch(framework)
        task = cls.feature_to_task(feature)
        if task not in cls._TASKS_TO_AUTOMODELS:
            raise KeyError(f"Unknown task: {feature}. Expected one of: {', '.join(sorted(cls._TASKS_TO_AUTOMODELS))}.")
        transformers = import_module("transformers")
        for name in cls._class_names(task, model_type):
            if hasattr(transformers, name):
                return getattr(transformers, name)
        raise KeyError(f"transformers {transformers.__version__} has no Auto class for {task}.")

    @classmethod
    def has_own_classes(cls, task: str) -> bool:
        """Tell whether the class of a task depends on the model type."""
        return any(task in registration.model_classes for registration in cls._REGISTRY.values())

    @classmethod
    def _class_names(cls, task: str, model_type: str | None) -> tuple[str, ...]:
        registration = cls._REGISTRY.get(_key(model_type or ""))
        own = registration.model_classes.get(task) if registration else None
        return (own,) if own else cls._TASKS_TO_AUTOMODELS[task]

    @classmethod
    def get_model_from_feature(
        cls,
        feature: str,
        model: str,
        framework: str | None = None,
        cache_dir: str | None = None,
        *,
        allow_missing_weights: bool = False,
        **options: Any,
    ) -> Any:
        """Load a checkpoint into the model class of a feature; where it holds TensorFlow's weights alone, those.

        Args:
            feature: The feature.
            model: Hub id or directory; goes to `from_pretrained` unchanged.
            framework: `"pt"` or None.
            cache_dir: Where transformers keeps what it downloads.
            allow_missing_weights: Draw weights that the checkpoint does not have at random, with a warning.
            **options: For the model, e.g. `attn_implementation="eager"`.

        Raises:
            KeyError: The feature's task has no Auto class.
            MissingWeightsError: The checkpoint has no weights for a part of the model that the feature needs.
            OSError: No such checkpoint, or TensorFlow's weights and the model do not fit.
        """
        _require_pytorch(framework or "pt")
        return import_module("transformers_export.onnx.loading").load_model(
            feature, model, cache_dir, allow_missing_weights=allow_missing_weights, **options
        )

    @classmethod
    def check_supported_model_or_raise(cls, model: Any, feature: str = "default") -> tuple[str, Constructor]:
        """The model's type and what makes the OnnxConfig of `feature`.

        Raises:
            KeyError: The model type is not registered.
            ValueError: It has no such feature; the message lists those it has.
        """
        model_type = model.config.model_type
        return model_type, cls.get_config(model_type, feature)

    @classmethod
    def get_config(cls, model_type: str, feature: str) -> Constructor:
        """What makes the OnnxConfig of a model type and feature.

        Raises:
            KeyError: The model type is not registered.
            ValueError: It has no such feature; the message lists those it has.
        """
        features = cls.get_supported_features_for_model_type(model_type)
        if feature not in features:
            raise ValueError(f"{model_type} doesn't support feature {feature}. Supported: {', '.join(features)}.")
        return features[feature]


def _construct(onnx_config: str, feature: str, config: Any) -> Any:
    module, _, name = onnx_config.rpartition(".")
    configuration_class = getattr(import_module(module), name)
    task = FeaturesManager.feature_to_task(feature)
    make = configuration_class.with_past if feature.endswith(_WITH_PAST) else configuration_class.from_model_config
    return make(config, task=task)


def _key(model_type: str) -> str:
    return model_type.lower().replace("_", "-")


def _require_pytorch(framework: str) -> None:
    if framework != "pt":
        raise ValueError(f"Only PyTorch models can be exported: expected framework 'pt', got {framework!r}.")


import transformers_export.onnx.ready_made  # noqa: E402, F401  (registers them; it needs the class above)
