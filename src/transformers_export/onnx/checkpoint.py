"""Reading a checkpoint for the export command, in the order in which things can be refused cheaply.

Hub ids and directories go to `from_pretrained` unchanged.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers_export.onnx import tasks
from transformers_export.onnx.convert import SDPA_OPSET
from transformers_export.onnx.features import FeaturesManager
from transformers_export.onnx.lengths import is_divided
from transformers_export.onnx.refusals import WrongUseError, first_line, reason, refused
from transformers_export.onnx.tensorflow.reading import require_h5py
from transformers_export.onnx.unreadable import found_instead, require_directory, require_plain_weights, require_whole
from transformers_export.onnx.weights import PYTORCH_WEIGHTS, has_pytorch_weights, has_tensorflow_weights

if TYPE_CHECKING:
    from transformers_export.onnx.features import Constructor

logger = logging.getLogger("transformers_export.onnx")

_PREPROCESSORS = ("tokenizer", "image_processor", "feature_extractor")
_ABOUT_IMAGES = ("image-", "object-", "semantic-", "masked-im", "vision2seq-")
_BY_INPUT = {
    "input_ids": "tokenizer",
    "pixel_values": "image_processor",
    "input_values": "feature_extractor",
    "input_features": "feature_extractor",
}
"""What makes a model's main input; a model of text and something else is asked for its text first."""


@dataclass(frozen=True)
class Checkpoint:
    """Where a checkpoint is, and how it is read."""

    model: str
    """Hub id or directory."""
    cache_dir: str | None = None
    """Where transformers keeps what it downloads."""
    trust_remote_code: bool = False
    """Whether Python code that the checkpoint brings may run."""
    allow_missing_weights: bool = False
    """Whether weights that the checkpoint does not have are drawn at random."""
    pad_token_id: int | None = None
    """The padding token of a model whose config.json names none."""
    adapter: str = ""
    """Hub id or directory of what is merged into the model; see `adapters.py`."""

    @property
    def options(self) -> dict[str, Any]:
        """What every `from_pretrained` is given; without trust transformers never asks on a terminal."""
        return {"cache_dir": self.cache_dir, "trust_remote_code": self.trust_remote_code}


def read_configuration(checkpoint: Checkpoint) -> Any:
    """Read the model's configuration; no weight is touched.

    Raises:
        WrongUseError: No such checkpoint, its config.json cannot be used, or its weights are of a form that cannot be
            exported.
    """
    from transformers import AutoConfig

    model = checkpoint.model
    require_directory(model)
    try:
        with refused(f"Cannot read the configuration of {model!r}"):
            config = AutoConfig.from_pretrained(model, **checkpoint.options)
    except WrongUseError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and not Path(model).is_dir():
            raise WrongUseError(
                f"No checkpoint at {model!r}: expected a directory with config.json, or a hub id. {first_line(cause)}"
            ) from cause
        if isinstance(cause, (ValueError, KeyError)) and _names_architecture(cause):
            raise WrongUseError(
                f"{model!r} is of an architecture that this transformers does not know. {first_line(cause)} "
                f"{_supported()}"
            ) from cause
        raise
    require_plain_weights(model, config)
    _set_padding(config, checkpoint)
    return config


def require_feature(config: Any, feature: str) -> Constructor:
    """Find what makes the OnnxConfig.

    Raises:
        WrongUseError: The architecture is not registered, or has no such feature.
    """
    from transformers_export.onnx.encoder_alone import constructor_for, encoder_class

    if feature == "default" and encoder_class(config) is not None:
        return constructor_for(config, feature)
    known = FeaturesManager.features_of(config.model_type)
    if not known:
        raise WrongUseError(f"Architecture {config.model_type!r} has no OnnxConfig. {_supported()}")
    if feature not in known:
        raise WrongUseError(
            f"{config.model_type} has no feature {feature!r}.{tasks.suggestion(feature, known)} "
            f"Expected one of: {', '.join(known)}."
        )
    return FeaturesManager.get_config(config.model_type, feature)


def declare(make: Constructor, config: Any) -> Any:
    """Make the OnnxConfig, and have it declare inputs and outputs once: a config.json may lack what it reads.

    Raises:
        WrongUseError: It does.
    """
    with refused(f"Cannot tell from config.json what a graph of this {config.model_type} takes"):
        made = make(config)
        if not is_divided(made):
            _ = made.inputs, made.outputs
    return made


def feature_named(config: Any, asked: str) -> str:
    """Return the feature that a name means for a model, optimum's names of tasks included; see `tasks.py`."""
    return tasks.feature_named(asked, FeaturesManager.features_of(config.model_type))


def require_weights(checkpoint: Checkpoint) -> None:
    """Look for weights that can be read: PyTorch's own, else TensorFlow's.

    Raises:
        WrongUseError: There are none, they are cut, or only TensorFlow's and nothing to read them with.
    """
    model, cache_dir = checkpoint.model, checkpoint.cache_dir
    if has_pytorch_weights(model, cache_dir):
        require_whole(model)
        return
    if not has_tensorflow_weights(model, cache_dir):
        expected = ", ".join((*PYTORCH_WEIGHTS, "tf_model.h5"))
        raise WrongUseError(f"{model!r} holds no weights: expected one of {expected}{found_instead(model)}.")
    with refused(f"Cannot load {model!r}"):
        require_h5py()


def say_contract(checkpoint: Checkpoint, config: Any, feature: str, onnx_config: Any) -> None:
    """Log what the files compute that the command line does not say: the head left out, one row, a padding token.

    Args:
        checkpoint: Where it is, and how it is read.
        config: The model's configuration.
        feature: The feature to export.
        onnx_config: The OnnxConfig of the graph, or of the whole model.
    """
    from transformers_export.onnx.encoder_alone import encoder_class
    from transformers_export.onnx.heads import feature_of_head, saved_from

    if feature == "default" and encoder_class(config) is not None:
        logger.info("The checkpoint is a %s alone, which is exported as it is.", saved_from(config))
    head = feature_of_head(config) if feature == "default" else None
    if head not in (None, "default"):
        logger.info("The checkpoint is a %s: its head is exported with --feature %s.", saved_from(config), head)
    if checkpoint.pad_token_id is not None:
        logger.info("The padding token is %d, as --pad-token-id says.", checkpoint.pad_token_id)
    elif feature == "sequence-classification" and getattr(onnx_config, "default_batch_size", 2) == 1:
        logger.info(
            "The model has no padding token, so it classifies one row at a time: the batch is fixed to 1. "
            "--pad-token-id N makes the batch variable; the model then ignores that token at the end of a row."
        )


def load_model(checkpoint: Checkpoint, feature: str, *, opset: int | None, keeps_float64: bool = False) -> Any:
    """Load the weights into the feature's model class.

    Below opset 14 attention is eager, as sdpa has no translation there; bfloat16 becomes float32, as ONNX Runtime does
    not compute in it on the CPU, and float64 too unless it is kept, as ONNX Runtime lacks some of its operators there.

    Raises:
        WrongUseError: transformers cannot, the checkpoint lacks weights, or weights and the model do not fit.
    """
    attention = {"attn_implementation": "eager"} if opset is not None and opset < SDPA_OPSET else {}
    with refused(f"Cannot load {checkpoint.model!r} for {feature}"):
        loaded = FeaturesManager.get_model_from_feature(
            feature,
            checkpoint.model,
            cache_dir=checkpoint.cache_dir,
            trust_remote_code=checkpoint.trust_remote_code,
            allow_missing_weights=checkpoint.allow_missing_weights,
            **({"adapter": checkpoint.adapter} if checkpoint.adapter else {}),
            **attention,
        )
    _set_padding(loaded.config, checkpoint)
    if str(loaded.dtype) == "torch.bfloat16":
        logger.info("The checkpoint is in bfloat16; the graph is made in float32.")
        loaded = loaded.float()
    if str(loaded.dtype) == "torch.float64" and not keeps_float64:
        logger.info(
            "The checkpoint is in float64, which ONNX Runtime lacks operators for; the graph is made in float32."
        )
        loaded = loaded.float()
    return loaded


def preprocessor_kinds(asked: str, feature: str, onnx_config: Any) -> list[str]:
    """The kinds of preprocessor to look for, in order.

    With `auto`, what makes the model's main input comes first: a tokenizer may be had for any checkpoint of an
    architecture whose tokenizer needs no files.

    Args:
        asked: `auto`, or one kind.
        feature: The feature to export; it decides where no main input is declared under its usual name.
        onnx_config: The whole model's OnnxConfig.
    """
    if asked != "auto":
        return [asked]
    declared = () if is_divided(onnx_config) else onnx_config.inputs
    usual = "image_processor" if feature.startswith(_ABOUT_IMAGES) else "tokenizer"
    first = next((kind for name, kind in _BY_INPUT.items() if name in declared), usual)
    return sorted(_PREPROCESSORS, key=lambda kind: kind != first)


def load_preprocessors(checkpoint: Checkpoint, asked: str, feature: str, onnx_config: Any) -> list[Any]:
    """Load what makes the example inputs of each graph: one, or the encoder's and the decoder's.

    Args:
        checkpoint: Where it is, and how it is read.
        asked: `auto`, or one kind; of an encoder and a decoder, the encoder's.
        feature: The feature to export.
        onnx_config: The whole model's OnnxConfig.

    Raises:
        WrongUseError: The checkpoint has none of a kind that is needed.
    """
    first = load_preprocessor(checkpoint, preprocessor_kinds(asked, feature, onnx_config), onnx_config)
    if not is_divided(onnx_config):
        return [first]
    return [first, load_preprocessor(checkpoint, ["tokenizer"], onnx_config)]


def load_preprocessor(checkpoint: Checkpoint, kinds: list[str], onnx_config: Any) -> Any:
    """Load what makes the example inputs: the first of these kinds that the checkpoint has.

    None where the configuration says that nothing makes them.

    Raises:
        WrongUseError: The checkpoint has none of them.
    """
    import transformers

    if not getattr(onnx_config, "needs_preprocessor", True):
        return None
    classes = {
        "tokenizer": "AutoTokenizer",
        "image_processor": "AutoImageProcessor",
        "feature_extractor": "AutoFeatureExtractor",
        "processor": "AutoProcessor",
    }
    refusals = []
    for name in kinds:
        found, refusal = _try_preprocessor(getattr(transformers, classes[name]), checkpoint)
        if found is not None:
            return found
        refusals.append(f"{name}: {refusal}")
    raise WrongUseError(
        f"{checkpoint.model!r} has no {kinds[0] if len(kinds) == 1 else 'preprocessor'}. Save the one that belongs to "
        f"the model beside it with save_pretrained(). Tried {'; '.join(refusals)}"
    )


def _try_preprocessor(auto_class: Any, checkpoint: Checkpoint) -> tuple[Any, str]:
    """What the checkpoint has of one kind, an adapter's own before its base's; or None and why not."""
    refusal = ""
    for place in filter(None, (checkpoint.adapter, checkpoint.model)):
        try:
            return auto_class.from_pretrained(place, **checkpoint.options), ""
        except Exception as error:  # noqa: PERF203  (whatever a damaged file makes of its reader)
            refusal = reason(error)
    return None, refusal


def _set_padding(config: Any, checkpoint: Checkpoint) -> None:
    """Give the configuration the padding token that was asked for."""
    if checkpoint.pad_token_id is not None:
        text = config.get_text_config() if hasattr(config, "get_text_config") else config
        text.pad_token_id = checkpoint.pad_token_id


def _names_architecture(error: Exception) -> bool:
    """Whether transformers refused a `model_type`, and not some other value."""
    return isinstance(error, KeyError) or "model_type" in str(error) or "model type" in str(error)


def _supported() -> str:
    return (
        f"Supported: {', '.join(FeaturesManager.model_types())}. To add another, write an OnnxConfig class and call "
        "FeaturesManager.register(model_type, *features, onnx_config='package.module.Class') in a module that "
        "--import names."
    )
