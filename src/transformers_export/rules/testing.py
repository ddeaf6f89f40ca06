"""What the matrix entry of a registered model must say: its set, and the checkpoint the test loads.

A checkpoint is never made up in silence: it comes with the place it was taken from, or is said to be a proposal.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source import python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.matrix import Matrix
    from transformers_export.source.registry import Entry
    from transformers_export.source.snapshot import Snapshot

_SPECIAL = ("WITH_PAST", "SEQ2SEQ", "ENCODER_DECODER", "VISION")
_OTHER_FRAMEWORKS = ("TENSORFLOW_", "TF_", "FLAX_")
_LINK = r"https://huggingface\.co/([\w.-]+/[\w.-]+)"
_NAME = r"[\w.-]+(?:/[\w.-]+)?"
"""Not compiled on import: only a fix asks."""
_CONSTANTS = ("_CHECKPOINT_FOR_DOC", "_IMAGE_CLASS_CHECKPOINT")


class Checkpoint(NamedTuple):
    """What a test loads, and how it is known."""

    name: str
    origin: str
    """A clause: where it comes from."""
    proposed: bool = False


def is_special(set_name: str) -> bool:
    """Whether a set is for models of one kind rather than the plain one."""
    return any(word in set_name for word in _SPECIAL)


def set_for(matrix: Matrix, features: tuple[str, ...]) -> str | None:
    """The set of the matrix a model with these features belongs to; None where it has none for PyTorch."""
    sets = [name for name in matrix.sets if not name.startswith(_OTHER_FRAMEWORKS)]
    plain = [name for name in sets if not is_special(name)]
    past = [name for name in features if name.endswith("-with-past") or name == "with_past"]
    if past:
        two_sided = any("2seq" in name for name in past)
        meant = [name for name in sets if "WITH_PAST" in name and ("SEQ2SEQ" in name) == two_sided]
    elif features == ("vision2seq-lm",):
        meant = [name for name in sets if "ENCODER_DECODER" in name]
    else:
        meant = plain
    return next(iter(meant or plain), None)


def checkpoint_for(snapshot: Snapshot, matrix: Matrix, entry: Entry) -> Checkpoint | None:
    """The checkpoint to test a model with: what other entries use where that is a class, else what its code names.

    Failing both, a name made as those of the other entries are, said to be a proposal; None where they follow no
    pattern.
    """
    definition = snapshot.find_entry_class(entry)
    if definition is None:
        return None
    others = _written(matrix)
    types = [item for item in snapshot.model_types(definition.path) if item.key == entry.key]
    if others and types and all(re.fullmatch(r"\w+Config", name) for _, name in others):
        return Checkpoint(types[0].class_name, "the matrix names configuration classes")
    found = _in_models(snapshot, definition.path) or _in_configuration(snapshot, definition.path)
    return found or _like_others(snapshot, entry.key, others)


def _in_models(snapshot: Snapshot, path: str) -> Checkpoint | None:
    folder, _, file = path.rpartition("/")
    likely = f"{folder}/{file.replace('configuration_', 'modeling_')}"
    source = snapshot.source(likely)
    for constant in _CONSTANTS:
        for value in source.assigned.get(constant, ()) if source else ():
            name = python.text(value)
            if name and re.fullmatch(_NAME, name):
                return Checkpoint(name, f"{constant} of {likely} names it")
    return None


def _in_configuration(snapshot: Snapshot, path: str) -> Checkpoint | None:
    """What the docstring of a configuration links to, or the first of an old tree's archive map."""
    source = snapshot.source(path)
    if source is None:
        return None
    for name, values in source.assigned.items():
        for key, _ in (python.pairs(values[0]) or ()) if name.endswith("_PRETRAINED_CONFIG_ARCHIVE_MAP") else ():
            written = python.text(key)
            if written and re.fullmatch(_NAME, written):
                return Checkpoint(written, f"{name} of {path} names it first")
    for item in snapshot.model_types(path):
        documented = python.docstring(source.classes[item.class_name])
        found = re.search(_LINK, documented)
        if found:
            return Checkpoint(found[1].rstrip("."), f"the docstring of {item.class_name} links to it")
    return None


def _like_others(snapshot: Snapshot, key: str, others: list[tuple[str, str]]) -> Checkpoint | None:
    patterns = Counter(pattern for other, name in others for pattern in _patterns(_spellings(snapshot, other), name))
    if not patterns:
        return None
    (pattern, how), count = patterns.most_common(1)[0]
    if 2 * count < len(others):
        return None
    spelled = _spellings(snapshot, key)[how]
    if not spelled:
        return None
    made = pattern.replace("*", spelled)
    return Checkpoint(made, "it is named as those of the other models are", proposed=True)


def _patterns(spellings: tuple[str, ...], name: str) -> Iterator[tuple[str, int]]:
    for how, spelling in enumerate(spellings):
        if spelling and name.count(spelling) == 1:
            yield name.replace(spelling, "*"), how
            return


def _spellings(snapshot: Snapshot, key: str) -> tuple[str, ...]:
    """`acme-heron` as it may stand in the name of a checkpoint: its model's class, itself, its last word."""
    models = snapshot.heads.classes(snapshot.registry.tasks.get("default", ()), key)
    model = models[0].rpartition(".")[2] if models else ""
    return model, key, key.replace("-", "_"), key.replace("-", ""), key.rpartition("-")[2]


def _written(matrix: Matrix) -> list[tuple[str, str]]:
    """Key and second item of every entry that is for PyTorch."""
    entries = (entry for entry in matrix.entries if not entry.set_name.startswith(_OTHER_FRAMEWORKS))
    return [(entry.key, entry.checkpoint) for entry in entries if entry.checkpoint]
