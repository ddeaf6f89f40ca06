"""Reading a checkpoint for the export command, in the order in which things can be refused cheaply.

Hub ids and directories go to `from_pretrained` unchanged.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from transformers_export.onnx.convert import SDPA_OPSET
from transformers_export.onnx.features import FeaturesManager
from transformers_export.onnx.lengths import is_divided
from transformers_export.onnx.tensorflow.errors import TensorFlowCheckpointError
from transformers_export.onnx.tensorflow.reading import require_h5py
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


class WrongUseError(Exception):
    """Something the user has to change before anything can be exported."""


def read_configuration(model: str, cache_dir: str | None) -> Any:
    """Read the model's configuration; no weight is touched.

    Raises:
        WrongUseError: No such checkpoint, or an architecture transformers does not know.
    """
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(model, cache_dir=cache_dir)
    except OSError as error:
        raise WrongUseError(
            f"No checkpoint at {model!r}: expected a directory with config.json, or a hub id. {_first_line(error)}"
        ) from error
    except (ValueError, KeyError) as error:
        raise WrongUseError(
            f"{model!r} is of an architecture that this transformers does not know. {_first_line(error)} {_supported()}"
        ) from error


def require_feature(config: Any, feature: str) -> Constructor:
    """Find what makes the OnnxConfig.

    Raises:
        WrongUseError: The architecture is not registered, or has no such feature.
    """
    known = FeaturesManager.features_of(config.model_type)
    if not known:
        raise WrongUseError(f"Architecture {config.model_type!r} has no OnnxConfig. {_supported()}")
    if feature not in known:
        raise WrongUseError(f"{config.model_type} has no feature {feature!r}. Expected one of: {', '.join(known)}.")
    return FeaturesManager.get_config(config.model_type, feature)


def require_weights(model: str, cache_dir: str | None) -> None:
    """Look for weights that can be read: PyTorch's own, else TensorFlow's.

    Raises:
        WrongUseError: There are none, or only TensorFlow's and nothing to read them with.
    """
    if has_pytorch_weights(model, cache_dir):
        return
    if not has_tensorflow_weights(model, cache_dir):
        raise WrongUseError(f"{model!r} holds no weights: expected one of {', '.join(PYTORCH_WEIGHTS)}, tf_model.h5.")
    try:
        require_h5py()
    except TensorFlowCheckpointError as error:
        raise WrongUseError(str(error)) from error


def load_model(model: str, feature: str, cache_dir: str | None, *, opset: int | None) -> Any:
    """Load the weights into the feature's model class.

    Below opset 14 attention is eager, as sdpa has no translation there; bfloat16 becomes float32, as ONNX Runtime does
    not compute in it on the CPU.

    Raises:
        WrongUseError: transformers cannot, or TensorFlow's weights and the model do not fit.
    """
    attention = {"attn_implementation": "eager"} if opset is not None and opset < SDPA_OPSET else {}
    try:
        loaded = FeaturesManager.get_model_from_feature(feature, model, cache_dir=cache_dir, **attention)
    except TensorFlowCheckpointError as error:
        raise WrongUseError(f"Cannot load {model!r} for {feature}: {error}") from error
    except (OSError, ValueError) as error:
        raise WrongUseError(f"Cannot load {model!r} for {feature}: {_first_line(error)}") from error
    if str(loaded.dtype) == "torch.bfloat16":
        logger.info("The checkpoint is in bfloat16; the graph is made in float32.")
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


def load_preprocessors(model: str, asked: str, feature: str, cache_dir: str | None, onnx_config: Any) -> list[Any]:
    """Load what makes the example inputs of each graph: one, or the encoder's and the decoder's.

    Args:
        model: Hub id or directory.
        asked: `auto`, or one kind; of an encoder and a decoder, the encoder's.
        feature: The feature to export.
        cache_dir: Where transformers keeps what it downloads.
        onnx_config: The whole model's OnnxConfig.

    Raises:
        WrongUseError: The checkpoint has none of a kind that is needed.
    """
    first = load_preprocessor(model, preprocessor_kinds(asked, feature, onnx_config), cache_dir, onnx_config)
    if not is_divided(onnx_config):
        return [first]
    return [first, load_preprocessor(model, ["tokenizer"], cache_dir, onnx_config)]


def load_preprocessor(model: str, kinds: list[str], cache_dir: str | None, onnx_config: Any) -> Any:
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
        found, refusal = _try_preprocessor(getattr(transformers, classes[name]), model, cache_dir)
        if found is not None:
            return found
        refusals.append(f"{name}: {refusal}")
    raise WrongUseError(
        f"{model!r} has no {kinds[0] if len(kinds) == 1 else 'preprocessor'}. Save the one that belongs to the model "
        f"beside it with save_pretrained(). Tried {'; '.join(refusals)}"
    )


def _try_preprocessor(auto_class: Any, model: str, cache_dir: str | None) -> tuple[Any, str]:
    """What the checkpoint has of one kind, or None and why not."""
    try:
        return auto_class.from_pretrained(model, cache_dir=cache_dir), ""
    except (OSError, ValueError, KeyError, ImportError) as error:
        return None, _first_line(error)


def _supported() -> str:
    return (
        f"Supported: {', '.join(FeaturesManager.model_types())}. To add another, write an OnnxConfig class and call "
        "FeaturesManager.register(model_type, *features, onnx_config='package.module.Class') in a module that "
        "--import names."
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
