"""PyTorch Magpie model: a pre-norm decoder with RMS norms, learned positions and a key/value cache."""

import torch
from torch import nn
from transformers import Cache, DynamicCache, GenerationMixin, PreTrainedModel
from transformers.masking_utils import create_causal_mask
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.utils import can_return_tuple

from .configuration_magpie import MagpieConfig


def eager_attention_forward(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    **kwargs,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Plain attention over (batch, heads, length, head size); the mask is added to the scores."""
    scores = query @ key.transpose(-1, -2) * scaling
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = nn.functional.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
    weights = nn.functional.dropout(weights, p=dropout, training=module.training)
    return (weights @ value).transpose(1, 2).contiguous(), weights


class MagpieRMSNorm(nn.Module):
    """Written out because torch's TorchScript-based exporter does not know `nn.RMSNorm`."""

    def __init__(self, hidden_size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.eps = eps

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        mean_square = hidden_states.pow(2).mean(-1, keepdim=True)
        return self.weight * (hidden_states * torch.rsqrt(mean_square + self.eps))


class MagpieAttention(nn.Module):
    def __init__(self, config: MagpieConfig, layer_idx: int):
        super().__init__()
        if config.hidden_size % config.num_attention_heads:
            raise ValueError(
                f"hidden_size must be a multiple of num_attention_heads, got {config.hidden_size} "
                f"and {config.num_attention_heads}."
            )
        self.config = config
        self.layer_idx = layer_idx
        self.head_size = config.hidden_size // config.num_attention_heads
        self.scaling = self.head_size**-0.5
        self.is_causal = True
        self.query_key_value = nn.Linear(config.hidden_size, 3 * config.hidden_size, bias=False)
        self.output = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None, past_key_values: Cache | None
    ) -> torch.Tensor:
        batch_and_length = hidden_states.shape[:-1]
        query, key, value = (
            part.view(*batch_and_length, -1, self.head_size).transpose(1, 2)
            for part in self.query_key_value(hidden_states).chunk(3, dim=-1)
        )
        if past_key_values is not None:
            key, value = past_key_values.update(key, value, self.layer_idx)
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, eager_attention_forward)
        context, _ = attend(self, query, key, value, attention_mask, scaling=self.scaling)
        return self.output(context.reshape(*batch_and_length, -1))


class MagpieLayer(nn.Module):
    def __init__(self, config: MagpieConfig, layer_idx: int):
        super().__init__()
        self.attention_norm = MagpieRMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.attention = MagpieAttention(config, layer_idx)
        self.feed_forward_norm = MagpieRMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.up = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)
        self.dropout = nn.Dropout(config.hidden_dropout)

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None, past_key_values: Cache | None
    ) -> torch.Tensor:
        attended = self.attention(self.attention_norm(hidden_states), attention_mask, past_key_values)
        hidden_states = hidden_states + self.dropout(attended)
        expanded = nn.functional.silu(self.up(self.feed_forward_norm(hidden_states)))
        return hidden_states + self.dropout(self.down(expanded))


class MagpiePreTrainedModel(PreTrainedModel):
    config_class = MagpieConfig
    base_model_prefix = "magpie"
    _supports_sdpa = True
    _no_split_modules = ["MagpieLayer"]  # noqa: RUF012 (read by accelerate as a plain list)


class MagpieModel(MagpiePreTrainedModel):
    def __init__(self, config: MagpieConfig):
        super().__init__(config)
        self.token_embeddings = nn.Embedding(config.vocab_size, config.hidden_size, padding_idx=config.pad_token_id)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.layers = nn.ModuleList(MagpieLayer(config, layer_idx) for layer_idx in range(config.num_hidden_layers))
        self.final_norm = MagpieRMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.token_embeddings

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.token_embeddings = value

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.LongTensor,
        attention_mask: torch.Tensor | None = None,
        past_key_values: Cache | None = None,
        use_cache: bool | None = None,
        **kwargs,
    ) -> BaseModelOutputWithPast:
        """Read `input_ids` (batch, sequence) after what the cache holds; the mask covers both."""
        use_cache = self.config.use_cache if use_cache is None else use_cache
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)
        seen = past_key_values.get_seq_length() if past_key_values is not None else 0
        positions = (torch.arange(input_ids.shape[1], device=input_ids.device) + seen).unsqueeze(0)
        hidden_states = self.token_embeddings(input_ids) + self.position_embeddings(positions)
        mask = create_causal_mask(
            config=self.config,
            inputs_embeds=hidden_states,
            attention_mask=attention_mask,
            past_key_values=past_key_values,
            position_ids=positions,
        )
        for layer in self.layers:
            hidden_states = layer(hidden_states, mask, past_key_values)
        return BaseModelOutputWithPast(
            last_hidden_state=self.final_norm(hidden_states), past_key_values=past_key_values if use_cache else None
        )


class MagpieForCausalLM(MagpiePreTrainedModel, GenerationMixin):
    def __init__(self, config: MagpieConfig):
        super().__init__(config)
        self.magpie = MagpieModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.LongTensor,
        attention_mask: torch.Tensor | None = None,
        past_key_values: Cache | None = None,
        labels: torch.LongTensor | None = None,
        use_cache: bool | None = None,
        **kwargs,
    ) -> CausalLMOutputWithPast:
        """Logits of the next token at every position; with `labels`, also the loss."""
        outputs = self.magpie(input_ids, attention_mask, past_key_values, use_cache=use_cache, return_dict=True)
        logits = self.lm_head(outputs.last_hidden_state)
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=outputs.past_key_values)


__all__ = ["MagpieForCausalLM", "MagpieModel", "MagpiePreTrainedModel"]
