"""Which of the ready-made architectures one run of the tests exports: all of the first ones, and a part of the rest."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from support.repositories import ROOT
from transformers_export.cases.plan import expected_failure
from transformers_export.project import read_settings
from transformers_export.source.tree import working_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

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
"""The architectures of the mission: exported whole in every run, with the legacy exporter."""

SETTINGS = read_settings(working_tree(ROOT))


def reason_to_fail(model_type: str, feature: str, exporter: str) -> str | None:
    """Why pyproject.toml expects a pair to fail with an exporter; None where it does not."""
    return expected_failure(SETTINGS, model_type, feature, exporter)


def part_of(model_types: Iterable[str], parts: int) -> list[str]:
    """The model types whose turn it is: each in one run of `parts`. The commit decides which."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(model_types)[int(done.stdout.strip(), 16) % parts :: parts]
