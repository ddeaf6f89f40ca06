"""Which of the ready-made architectures one run of the tests exports: all of the first ones, and a part of the rest."""

from __future__ import annotations

import subprocess

from support.repositories import ROOT
from transformers_export.onnx.features import FeaturesManager

FIRST = (
    "albert",
    "bart",
    "beit",
    "bert",
    "big-bird",
    "bigbird-pegasus",
    "blenderbot",
    "blenderbot-small",
    "camembert",
    "convbert",
    "data2vec-text",
    "data2vec-vision",
    "deit",
    "distilbert",
    "electra",
    "flaubert",
    "gpt-neo",
    "gpt2",
    "gptj",
    "ibert",
    "layoutlm",
    "m2m-100",
    "marian",
    "mbart",
    "mobilebert",
    "perceiver",
    "plbart",
    "roberta",
    "roformer",
    "squeezebert",
    "t5",
    "vit",
    "xlm",
    "xlm-roberta",
    "xlm-roberta-xl",
)
"""The architectures of the mission: exported whole in every run."""

PARTS = 12
"""The rest takes this many runs to come round."""


def part_of_the_rest() -> list[str]:
    """The model types beyond the first ones whose turn it is: the commit decides, so that a run can be repeated."""
    rest = [model_type for model_type in FeaturesManager.model_types() if model_type not in FIRST]
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    return rest[int(done.stdout.strip(), 16) % PARTS :: PARTS]
