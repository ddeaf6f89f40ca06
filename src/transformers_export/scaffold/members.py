"""Where a model's configuration says how many layers keep keys and values, how many heads they have, how long they are.

The base classes look under the usual names; what goes by another name becomes a property of the class to be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers_export.scaffold.facts import Facts

_LAYERS = ("num_hidden_layers", "num_layers", "n_layer", "n_layers", "num_decoder_layers", "decoder_layers")
_KEY_VALUE_HEADS = ("num_key_value_heads", "num_kv_heads", "n_kv_heads", "n_head_kv", "kv_heads")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads", "attention_heads")
_SIZE = ("hidden_size", "n_embd", "d_model", "embed_dim", "dim")
_BASE_LAYERS = {"transformers": ("num_layers",), "own": ("num_layers", "num_hidden_layers")}
_BASE_HEADS = {"transformers": ("num_attention_heads",), "own": ("num_key_value_heads", "num_attention_heads")}
_HYBRID = ("layer_types", "layers_block_type", "hybrid_override_pattern", "attn_layer_indices")


@dataclass(frozen=True)
class Member:
    """A property of the class: its name, its type, and its statements."""

    name: str
    type: str
    body: tuple[str, ...]


def members(facts: Facts, shape: str) -> tuple[tuple[Member, ...], tuple[str, ...]]:
    """The properties to write, and notes on what was not found."""
    if shape == "decoder":
        found, notes = _decoder(facts)
    elif shape in ("seq2seq", "speech2seq"):
        found, notes = _seq2seq(facts)
    else:
        return (), ()
    if facts.has(*_HYBRID):
        notes.append("layers may be of several types: each must keep keys and values of the same shape.")
    if "multi_query" in facts.attributes:
        notes.append("keys and values may have one head alone (multi_query): then num_attention_heads must say 1.")
    return tuple(found), tuple(notes)


def _decoder(facts: Facts) -> tuple[list[Member], list[str]]:
    notes: list[str] = []
    found: list[Member] = []
    layers = facts.has(*_BASE_LAYERS[facts.dialect], *_LAYERS)
    if layers is None:
        notes.append(_unknown(facts, "how many layers there are", "num_layers"))
    elif layers not in _BASE_LAYERS[facts.dialect]:
        found.append(_of_config("num_layers", layers))
    fewer, heads = facts.has(*_KEY_VALUE_HEADS), facts.has(*_HEADS)
    cached = fewer or heads
    if cached is None:
        notes.append(_unknown(facts, "how many heads there are", "num_attention_heads"))
    elif cached not in _BASE_HEADS[facts.dialect]:
        found.append(_of_config("num_attention_heads", cached))
    size = facts.has(*_SIZE)
    usual = size == "hidden_size" and heads == "num_attention_heads"
    if facts.dialect == "own":
        if not usual and "head_dim" not in facts.attributes:
            found += _head_dim(facts, size, heads, notes)
    elif fewer or not usual or "head_dim" in facts.attributes:
        found += _head_dim(facts, size, heads, notes)
    return found, notes


def _head_dim(facts: Facts, size: str | None, heads: str | None, notes: list[str]) -> list[Member]:
    if size is None or heads is None:
        notes.append(_unknown(facts, "how long a key is", "head_dim"))
        return []
    shared = f"self._config.{size} // self._config.{heads}"
    if "head_dim" not in facts.attributes:
        return [Member("head_dim", "int", (f"return {shared}",))]
    explicit = 'explicit = getattr(self._config, "head_dim", None)'
    return [Member("head_dim", "int", (explicit, f"return explicit or {shared}"))]


def _seq2seq(facts: Facts) -> tuple[list[Member], list[str]]:
    notes: list[str] = []
    found: list[Member] = []
    encoder = facts.has("encoder_layers", "num_encoder_layers", "num_layers", "num_hidden_layers")
    decoder = facts.has("decoder_layers", "num_decoder_layers", "num_layers", "num_hidden_layers")
    if encoder is None or decoder is None:
        notes.append(_unknown(facts, "how many layers each side has", "num_layers"))
    elif not ({"encoder_layers", "decoder_layers"} <= facts.attributes or "num_layers" in facts.attributes):
        found.append(_pair("num_layers", encoder, decoder))
    first = facts.has("encoder_attention_heads", "num_attention_heads", "num_heads", "n_heads")
    second = facts.has("decoder_attention_heads", "num_attention_heads", "num_heads", "n_heads")
    if first is None or second is None:
        notes.append(_unknown(facts, "how many heads each side has", "num_attention_heads"))
    elif "num_attention_heads" not in facts.attributes and first != "encoder_attention_heads":
        found.append(_pair("num_attention_heads", first, second))
    size = facts.has("d_kv", *_SIZE)
    if size is None or (size not in ("d_kv", "hidden_size") and facts.dialect == "transformers"):
        notes.append(_unknown(facts, "how long a key is (hidden_size)", "generate_dummy_inputs"))
    elif size not in ("d_kv", "hidden_size"):
        found.append(Member("head_dim", "int", (f"return self._config.{size} // self.num_attention_heads[1]",)))
    return found, notes


def _of_config(name: str, attribute: str) -> Member:
    return Member(name, "int", (f"return self._config.{attribute}",))


def _pair(name: str, encoder: str, decoder: str) -> Member:
    return Member(name, "tuple[int, int]", (f"return self._config.{encoder}, self._config.{decoder}",))


def _unknown(facts: Facts, what: str, name: str) -> str:
    if facts.attributes_known:
        return f"nothing in {facts.config_class} says {what}: override {name}."
    return f"{facts.config_class} derives from a class that is not here: if that does not say {what}, override {name}."
