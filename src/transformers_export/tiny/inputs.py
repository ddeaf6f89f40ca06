"""Made-up inputs for any model: enough to see whether its forward runs. Known by the names of inputs, not of models."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

SEQUENCE = 12
BATCH = 2
_PARTS = ("text_config", "vision_config", "audio_config", "backbone_config", "encoder", "decoder")


def run_once(model: Any) -> Any:
    """Run a forward pass and return its output, trying each way of making inputs in turn.

    Raises:
        Exception: what the first way raised, when all fail.
    """
    errors: list[Exception] = []
    for inputs in possible_inputs(model):
        with _collecting(errors):
            return model(**inputs)
    raise errors[0] if errors else TypeError(f"no inputs are known for {type(model).__name__}")


@contextmanager
def _collecting(errors: list[Exception]) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # foreign code: any error means these inputs do not fit
        errors.append(error)


def made_inputs(model: Any) -> dict[str, torch.Tensor]:
    """Return the likeliest inputs: batch 2, 12 tokens; images (2, channels, height, width)."""
    return next(possible_inputs(model))


def possible_inputs(model: Any) -> Iterator[dict[str, torch.Tensor]]:
    """Yield what the model asks for at the least, then with every input known by name, in the shapes there are."""
    config = model.config
    names = inspect.signature(model.forward).parameters
    main = model.main_input_name
    wanted = {name for name, p in names.items() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}
    wanted |= {main, "attention_mask"} & set(names)
    if getattr(config, "is_encoder_decoder", False):
        wanted |= {"decoder_input_ids"} & set(names)
    known = _ways(config)
    seen: list[set[str]] = []
    for chosen in (wanted, wanted | (set(names) & {"input_ids", "pixel_values", "bbox", "image"})):
        usable = {name for name in chosen if name in known}
        if usable in seen:
            continue
        seen.append(usable)
        for way in range(max((len(known[name]) for name in usable), default=0)):
            yield {name: known[name][min(way, len(known[name]) - 1)] for name in names if name in usable}


def _ways(config: Any) -> dict[str, list[torch.Tensor]]:
    """Return for each input name the tensors to try."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    vocabulary = first_of(text, "vocab_size") or first_of(config, "vocab_size") or 8
    tokens = 3 + torch.arange(BATCH * SEQUENCE).reshape(BATCH, SEQUENCE) % max(1, min(vocabulary, 64) - 4)
    hidden = first_of(text, "hidden_size", "d_model", "n_embd", "embed_dim") or 32
    states = [torch.rand(BATCH, SEQUENCE, hidden)]
    images = torch.rand(BATCH, _of_parts(config, 3, "num_channels", "in_channels", "in_chans"), *image_side(config))
    return {
        "input_ids": [tokens],
        "attention_mask": [torch.ones_like(tokens)],
        "decoder_input_ids": [tokens[:, :5]],
        "bbox": [torch.ones(BATCH, SEQUENCE, 4, dtype=torch.long)],
        "inputs_embeds": states,
        "hidden_states": states,
        "query_embeds": states,
        "encoder_hidden_states": states,
        "inputs": [torch.rand(BATCH, SEQUENCE, first_of(config, "d_model") or 1)],
        "pixel_values": [images, images[:, None]],
        "image": [images],
        "input_features": [torch.rand(BATCH, *shape) for shape in _spectrograms(config)],
        "input_values": [torch.rand(BATCH, 4000), torch.rand(BATCH, 1, 4000), *_framed(config)],
    }


def image_side(config: Any) -> tuple[int, int]:
    """Height and width in pixels of the images a configuration asks for; 32 by 32 where it says nothing."""
    size = _of_parts(config, 32, "image_size", "img_size", "input_resolution")
    if isinstance(size, (list, tuple)):
        return int(size[0]), int(size[-1])
    return int(size), int(size)


def _spectrograms(config: Any) -> list[tuple[int, int]]:
    mels = _of_parts(config, 80, "num_mel_bins", "input_feat_per_channel", "feature_size", "input_dim")
    positions = first_of(config, "max_source_positions")
    # Speech models that keep a table of source positions halve the frames before it and insist on the full length.
    full = [(mels, 2 * positions)] if positions else []
    return [*full, (64, mels), (mels, 64)]


def _framed(config: Any) -> list[torch.Tensor]:
    length, mels = first_of(config, "max_length"), first_of(config, "num_mel_bins")
    return [torch.rand(BATCH, length, mels)] if length and mels else []


def _of_parts(config: Any, otherwise: Any, *names: str) -> Any:
    """Return the first of these fields in the configuration or in one of its parts."""
    for holder in (config, *(getattr(config, part, None) for part in _PARTS)):
        value = first_of(holder, *names)
        if isinstance(value, (int, list, tuple)):
            return value
    return otherwise


def first_of(holder: Any, *names: str) -> Any:
    """Return the first of these attributes that is there and not None."""
    return next((v for v in (getattr(holder, n, None) for n in names) if v is not None), None)
