"""Writes the checkpoints that every exporter of peers.py reads: `python peers_checkpoints.py DIRECTORY TYPE SIZE`.

Run by the oldest of them, transformers 4.48.0, as newer ones read what older ones wrote, and with both formats of
weights, as transformers.onnx looks for the older one. Weights are random: large enough to matter in tiny models, and
transformers' own initialisation at base size.
"""

from __future__ import annotations

import sys
from pathlib import Path

import transformers

from transformers_export import tiny
from transformers_export.onnx import FeaturesManager

FEATURES = {
    "bert": "default",
    "gpt2": "causal-lm-with-past",
    "t5": "seq2seq-lm-with-past",
    "vit": "image-classification",
}
T5_BASE = {"d_model": 768, "d_ff": 3072, "num_layers": 12, "num_decoder_layers": 12, "num_heads": 12}


def main(directory: Path, model_type: str, size: str) -> None:
    """Write one checkpoint."""
    config = transformers.AutoConfig.for_model(model_type, **(T5_BASE if model_type == "t5" else {}))
    small = tiny.shrink(config)
    auto = FeaturesManager.get_model_class_for_feature(FEATURES[model_type], model_type=model_type)
    model = tiny.build_model(auto, small) if size == "tiny" else auto.from_config(config)
    shown = config if model_type == "vit" and size == "base" else small
    tiny.save_checkpoint(model.eval(), tiny.make_preprocessor(shown, model), directory)
    model.save_pretrained(directory, safe_serialization=False)
    print(sum(parameter.nbytes for parameter in model.parameters()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
