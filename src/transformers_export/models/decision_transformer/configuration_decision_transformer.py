"""Decision Transformer: what to do next, from what was seen, done and still to be gained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers_export.onnx import dummy
from transformers_export.onnx.config import OnnxConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers_export.onnx.config import Axes


class DecisionTransformerOnnxConfig(OnnxConfig):
    """States, actions, returns to go, time steps and mask; the model does not look at rewards."""

    needs_preprocessor = False

    @property
    def inputs(self) -> Mapping[str, Axes]:
        """All `[batch, sequence]`, with the length of a state, of an action or of a return where it has one."""
        names = ("states", "actions", "returns_to_go", "timesteps", "attention_mask")
        return {name: {0: "batch", 1: "sequence"} for name in names}

    @property
    def outputs(self) -> Mapping[str, Axes]:
        """What is foretold for each step."""
        names = ("state_preds", "action_preds", "return_preds")
        return {name: {0: "batch", 1: "sequence"} for name in names}

    def generate_dummy_inputs(self, preprocessor: Any, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Draw steps: no preprocessor makes them."""
        config = self._config
        shape = (self.default_batch_size, self.default_sequence_length)
        return {
            "states": dummy.pair((*shape, config.state_dim))[0],
            "actions": dummy.pair((*shape, config.act_dim))[1],
            "returns_to_go": dummy.pair((*shape, 1))[0],
            "timesteps": dummy.whole_numbers(shape, config.max_ep_len),
            "attention_mask": dummy.whole_numbers(shape, 1) + 1,
        }
