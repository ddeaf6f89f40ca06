"""Example inputs made with a preprocessor: text, images, audio, past key values.

These are the pieces `OnnxConfig.generate_dummy_inputs` is made of. Bringing inputs to other sizes and drawing their
values for validation is in `inputs.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_SEED = 0


def require_pytorch(framework: Any) -> None:
    """Accept `None`, `"pt"` and transformers' `TensorType.PYTORCH`.

    Raises:
        ValueError: Anything else: transformers 5 has no other framework.
    """
    value = getattr(framework, "value", framework)
    if value not in (None, "pt"):
        raise ValueError(f"framework must be 'pt' (PyTorch) or None, got {value!r}.")


def is_tokenizer(preprocessor: Any) -> bool:
    """Tell whether it makes token ids."""
    from transformers import PreTrainedTokenizerBase

    return isinstance(preprocessor, PreTrainedTokenizerBase)


def takes_images(preprocessor: Any) -> bool:
    """Tell whether it makes pixel values."""
    return not is_tokenizer(preprocessor) and "pixel_values" in getattr(preprocessor, "model_input_names", ())


def takes_audio(preprocessor: Any) -> bool:
    """Tell whether it makes audio features or raw audio values."""
    names = getattr(preprocessor, "model_input_names", ())
    return not is_tokenizer(preprocessor) and bool({"input_features", "input_values"} & set(names))


def text(tokenizer: Any, shape: tuple[int, ...], *, is_pair: bool = False) -> dict[str, Tensor]:
    """Draw token ids of `shape`, never all alike, with the other inputs the tokenizer makes beside them.

    A pair has token type 1 in its second half.
    """
    import torch

    generator = torch.Generator().manual_seed(_SEED)
    usable = usable_token_ids(len(tokenizer), tokenizer.all_special_ids)
    drawn = torch.randint(0, len(usable), shape, generator=generator)
    result = {"input_ids": torch.tensor(usable)[drawn]}
    names = tokenizer.model_input_names
    if "token_type_ids" in names:
        types = torch.zeros(shape, dtype=torch.int64)
        if is_pair:
            types[..., shape[-1] // 2 :] = 1
        result["token_type_ids"] = types
    if "attention_mask" in names:
        result["attention_mask"] = torch.ones(shape, dtype=torch.int64)
    return result


def boxes(shape: tuple[int, ...], side: int) -> Tensor:
    """Draw boxes of `shape` on a page of `side` by `side`: `left, top, right, bottom`, int64 `[*shape, 4]`."""
    import torch

    generator = torch.Generator().manual_seed(_SEED)
    corners = torch.randint(0, side, (*shape, 2, 2), generator=generator).sort(dim=-1).values
    return corners.transpose(-1, -2).flatten(-2)


def whole_numbers(shape: tuple[int, ...], count: int) -> Tensor:
    """Draw numbers from 0 to `count - 1`, int64."""
    import torch

    return torch.randint(0, count, shape, generator=torch.Generator().manual_seed(_SEED))


def usable_token_ids(vocabulary: int, special: list[int]) -> list[int]:
    """Ids that mean nothing special; all of them where there are no others."""
    meant = set(special)
    return [token for token in range(vocabulary) if token not in meant] or list(range(vocabulary))


def images(processor: Any, batch: int, channels: int, height: int, width: int) -> dict[str, Tensor]:
    """Draw `batch` RGB images of `height` x `width` pixels and process them.

    Raises:
        ValueError: Another number of channels than three: processors take RGB pictures.
    """
    import numpy as np
    from PIL import Image

    if channels != 3:
        raise ValueError(f"Example images are RGB: expected num_channels=3, got {channels}.")
    generator = np.random.default_rng(_SEED)
    shape = (height, width, channels)
    pictures = [Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)) for _ in range(batch)]
    return dict(processor(images=pictures, return_tensors="pt"))


def audio(extractor: Any, batch: int, rate: int, seconds: float, frequency: int) -> dict[str, Tensor]:
    """Make `batch` sine waves of `frequency` Hz with a little noise and extract their features.

    The extractor's own sampling rate wins over `rate` where it has one, as it refuses others.
    """
    import numpy as np

    rate = getattr(extractor, "sampling_rate", rate)
    time = np.linspace(0, seconds, int(seconds * rate), endpoint=False)
    generator = np.random.default_rng(_SEED)
    waves = [
        0.5 * np.sin(2 * np.pi * frequency * time) + 0.01 * generator.normal(size=time.shape) for _ in range(batch)
    ]
    return dict(extractor(waves, sampling_rate=rate, return_tensors="pt"))


def pair(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Draw one layer's key and value."""
    import torch

    generator = torch.Generator().manual_seed(_SEED)
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


def extended_mask(mask: Tensor, past: int) -> Tensor:
    """Put `past` attended positions before a `[batch, sequence]` mask."""
    import torch

    return torch.cat([mask.new_ones(mask.shape[0], past), mask], dim=1)


def rolled(token_ids: Tensor) -> Tensor:
    """Move `[batch, sequence]` ids by one, so that decoder ids differ from the encoder's."""
    return token_ids.roll(1, dims=-1)
