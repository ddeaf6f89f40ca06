"""A decoder of one attention layer as people write them, with several signatures of `forward()` and ways to return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from transformers_export.onnx import OnnxConfigWithPast


class WrenConfig(PretrainedConfig):
    """A small decoder's."""

    model_type = "wren"

    def __init__(self, vocab_size: int = 50, hidden_size: int = 16, heads: int = 2, **kwargs: Any) -> None:
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.num_attention_heads, self.num_hidden_layers = heads, 1
        super().__init__(**kwargs)


class WrenOnnxConfig(OnnxConfigWithPast):
    """Ids, past and their mask."""

    @property
    def inputs(self) -> Any:
        inputs: dict[str, Any] = {"input_ids": {0: "batch", 1: "sequence"}}
        if self.use_past:
            self.fill_with_past_key_values_(inputs, direction="inputs")
            return {**inputs, "attention_mask": {0: "batch", 1: "past_sequence + sequence"}}
        return {**inputs, "attention_mask": {0: "batch", 1: "sequence"}}


class Wren(PreTrainedModel, GenerationMixin):
    """Its subclasses say what `forward()` takes and gives."""

    config_class = WrenConfig

    def __init__(self, config: WrenConfig) -> None:
        super().__init__(config)
        size = config.hidden_size
        self.tokens = nn.Embedding(config.vocab_size, size)
        self.positions = nn.Embedding(64, size)
        self.joined = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, config.vocab_size)
        self.post_init()

    def decode(self, ids: Tensor, mask: Tensor | None, cache: Any, positions: Tensor | None = None) -> tuple[Any, Any]:
        """Logits, and the cache that now holds these tokens too."""
        cache = DynamicCache() if cache is None else cache
        before = cache.get_seq_length()
        rows = torch.arange(ids.shape[1], device=ids.device) + before
        hidden = self.tokens(ids) + self.positions(rows[None] if positions is None else positions)
        split = (ids.shape[0], ids.shape[1], self.config.num_attention_heads, -1)
        query, key, value = (part.view(split).transpose(1, 2) for part in self.joined(hidden).chunk(3, dim=-1))
        key, value = cache.update(key, value, 0)
        allowed = torch.arange(key.shape[2], device=ids.device)[None, None, None] <= rows[None, None, :, None]
        if mask is not None:
            allowed = allowed & (mask[:, None, None] > 0)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        weights = torch.where(allowed, scores, -1e9).softmax(-1)
        return self.out(hidden + (weights @ value).transpose(1, 2).reshape(hidden.shape)), cache


class NewName(Wren):
    """As transformers 5.24 names it."""

    def forward(self, input_ids, attention_mask=None, cache=None, use_cache=None, return_dict=None):
        logits, cache = self.decode(input_ids, attention_mask, cache)
        return CausalLMOutputWithPast(logits=logits, past_key_values=cache)


class NewNameOpen(Wren):
    """The same with `**kwargs`, which swallow another name."""

    def forward(self, input_ids, cache=None, attention_mask=None, **kwargs):
        logits, cache = self.decode(input_ids, attention_mask, cache)
        return CausalLMOutputWithPast(logits=logits, past_key_values=cache)


class OldName(Wren):
    """As transformers before 5.24 names it."""

    def forward(self, input_ids, attention_mask=None, past_key_values=None, use_cache=None, return_dict=None):
        logits, cache = self.decode(input_ids, attention_mask, past_key_values)
        return CausalLMOutputWithPast(logits=logits, past_key_values=cache)


class OldNameOpen(Wren):
    """The same with `**kwargs`, which swallow another name."""

    def forward(self, input_ids, past_key_values=None, attention_mask=None, **kwargs):
        logits, cache = self.decode(input_ids, attention_mask, past_key_values)
        return CausalLMOutputWithPast(logits=logits, past_key_values=cache)


class HandedOn(Wren):
    """Names the cache only on the inside."""

    def __init__(self, config: WrenConfig) -> None:
        super().__init__(config)
        self.inner = NewNameOpen(config)

    def forward(self, input_ids, attention_mask=None, **kwargs):
        return self.inner(input_ids, attention_mask=attention_mask, **kwargs)


@dataclass
class WrenOutput:
    """An output of one's own."""

    logits: Tensor
    cache: Any = None


class Bare(Wren):
    """Takes its inputs and nothing else, and returns an output of transformers."""

    def forward(self, input_ids, attention_mask=None, cache=None):
        logits, cache = self.decode(input_ids, attention_mask, cache)
        return CausalLMOutputWithPast(logits=logits, past_key_values=cache)


class GivesTuple(Wren):
    """Takes its inputs and nothing else, and returns a tuple."""

    def forward(self, input_ids, attention_mask=None, past_key_values=None):
        return self.decode(input_ids, attention_mask, past_key_values)


class GivesDataclass(Wren):
    """Takes its inputs and nothing else, and returns a dataclass."""

    def forward(self, input_ids, attention_mask=None, cache=None):
        return WrenOutput(*self.decode(input_ids, attention_mask, cache))


class GivesDictionary(Wren):
    """Takes its inputs and nothing else, and returns a dictionary."""

    def forward(self, input_ids, attention_mask=None, past_key_values=None):
        logits, cache = self.decode(input_ids, attention_mask, past_key_values)
        return {"logits": logits, "past_key_values": cache}


class GivesTensor(Wren):
    """Takes its inputs and nothing else, and returns its logits alone."""

    def forward(self, input_ids, attention_mask=None):
        return self.decode(input_ids, attention_mask, None)[0]


class Positioned(Wren):
    """Takes positions, which `generate()` gives."""

    def forward(self, input_ids, attention_mask=None, position_ids=None, past_key_values=None, **kwargs):
        logits, cache = self.decode(input_ids, attention_mask, past_key_values, position_ids)
        return CausalLMOutputWithPast(logits=logits, past_key_values=cache)


def small(kind: type[Wren]) -> Wren:
    """A model of a kind with weights large enough for every input to matter."""
    torch.manual_seed(0)
    model = kind(WrenConfig()).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model
