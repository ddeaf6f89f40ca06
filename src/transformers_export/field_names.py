"""What fields of configurations are called, where two packages read it. Pure; knows words, no architectures."""

from __future__ import annotations

WINDOW = (
    r"^(?!.*(layer|pattern|interval|every|feed_forward|pretrained|stride|kernel|patch|image|num_|use_|focal|conv))"
    r".*(window|radius|local_attention|attention_chunk|chunk_(size|len)|(^|_)block_size)"
)
"""Pattern of a window of attention: `tiny` shrinks it, validation crosses it."""
