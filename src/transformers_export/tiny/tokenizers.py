"""A tokenizer of short words for a configuration, with special tokens where the configuration expects them."""

from __future__ import annotations

import inspect
from itertools import product
from typing import TYPE_CHECKING, Any

from transformers_export import cache_names
from transformers_export.tiny.roles import Role, is_number, role_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = {"pad": "<pad>", "bos": "<s>", "eos": "</s>", "unk": "<unk>", "cls": "[CLS]", "sep": "[SEP]", "mask": "<mask>"}
_DEFAULT_VOCABULARY = 100
_MOST_WORDS = 1000


def make_tokenizer(config: Any, model_class: Any) -> Any:
    """Return a word-level fast tokenizer for the configuration's vocabulary, special tokens at the ids it names."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    size = vocabulary_size(config)
    special = special_tokens(token_ids(config), size)
    backend = Tokenizer(models.WordLevel(vocabulary(special, size), unk_token=text_at(special, "unk")))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    template = _template(special, causal=_is_causal(config, model_class))
    if template is not None:
        backend.post_processor = template
    length = _positions(config)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_input_names=input_names(config, model_class),
        **({"model_max_length": length} if length else {}),
        **{f"{role}_token": text_at(special, role) for role in _TEXTS if role in special},
    )


def vocabulary_size(config: Any) -> int:
    """Return the vocabulary of the text side; 100 when the configuration names none."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    holder: Any
    for holder in (text, config, getattr(config, "text_config", None), getattr(config, "decoder", None)):
        values = [v for v in (getattr(holder, "vocab_size", None),) if is_number(v)]
        if not values and hasattr(holder, "to_dict"):
            values = [v for k, v in holder.to_dict().items() if role_of(k, v) is Role.VOCABULARY and is_number(v)]
        if values:
            return int(values[0])
    return _DEFAULT_VOCABULARY


def token_ids(config: Any) -> dict[str, int]:
    """Return the id of each special token the configuration names (`pad_token_id`, or `pad_index` in older ones)."""
    found: dict[str, int] = {}
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    for role in (*_TEXTS, "decoder_start"):
        for holder in (text, config):
            value = getattr(holder, f"{role}_token_id", None)
            value = getattr(holder, f"{role}_index", None) if value is None else value
            value = value[0] if isinstance(value, (list, tuple)) and value else value
            if is_number(value) and value >= 0:
                found.setdefault(role, value)
    return found


def special_tokens(named: Mapping[str, int], size: int) -> dict[str, int]:
    """Give every special token an id below `size`: the configuration's own, else a free one.

    A padding token that is not named is the end token where there is one, as is usual for decoders.
    """
    special = {role: i for role, i in named.items() if i < size}
    if "pad" not in special and "eos" in special:
        special["pad"] = special["eos"]
    wanted = ["pad", "unk", "mask"]
    if "eos" not in special and "bos" not in special:
        wanted += ["cls", "sep"]
    free = iter(i for i in range(size) if i not in special.values())
    for role in wanted:
        if role not in special:
            special[role] = next(free)
    return special


def text_at(special: Mapping[str, int], role: str) -> str:
    """Return the text of a special token; roles that share an id share the text of the first of them."""
    owner = next(r for r in (*_TEXTS, "decoder_start") if special.get(r) == special[role])
    return _TEXTS.get(owner, "<start>")


def vocabulary(special: Mapping[str, int], size: int) -> dict[str, int]:
    """Return distinct tokens with their ids: the special ones in their places, words in the rest of the first 1000."""
    tokens = {index: text_at(special, role) for role, index in special.items()}
    words = ("".join(letters) for letters in product("bdfgklmnprst", "aeiou", "bdfgklmnprst", "aeiou"))
    filled = sorted({*range(min(size, _MOST_WORDS)), *tokens})
    return {tokens.get(index) or next(words): index for index in filled}


def input_names(config: Any, model_class: Any) -> list[str]:
    """Return what the tokenizer gives: what the forward takes, and token types only where there are two or more."""
    taken = inspect.signature(model_class.forward).parameters
    types = any("type_vocab" in name and is_number(v) and v > 1 for name, v in config.to_dict().items())
    return [
        "input_ids",
        *(["token_type_ids"] if types and "token_type_ids" in taken else []),
        *(["attention_mask"] if "attention_mask" in taken else []),
    ]


def _is_causal(config: Any, model_class: Any) -> bool:
    """Whether text goes in as it is: decoders get no tokens added around it."""
    taken = inspect.signature(model_class.forward).parameters
    return bool(getattr(config, "is_decoder", False)) or (
        cache_names.find(taken) is not None and not config.is_encoder_decoder and "token_type_ids" not in taken
    )


def _template(special: Mapping[str, int], *, causal: bool) -> Any:
    from tokenizers.processors import TemplateProcessing

    first = next((r for r in ("cls", "bos") if r in special), None)
    last = next((r for r in ("sep", "eos") if r in special), None)
    if causal or last is None or special[last] == special.get(first or ""):
        return None
    start = f"{text_at(special, first)}:0 " if first else ""
    end = text_at(special, last)
    used = {text_at(special, role): special[role] for role in (first, last) if role}
    return TemplateProcessing(
        single=f"{start}$A:0 {end}:0", pair=f"{start}$A:0 {end}:0 $B:1 {end}:1", special_tokens=list(used.items())
    )


def _positions(config: Any) -> int | None:
    """Return how long a text may be: the smallest table of positions, less the two some models keep for padding."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    lengths = [v for k, v in text.to_dict().items() if role_of(k, v) is Role.POSITIONS and is_number(v) and v >= 32]
    return min(lengths) - 2 if lengths else None
