"""The small value of every field: which edits turn a large configuration into a small one. Pure.

Relations between fields are kept because equal values become equal values, sizes shrink by one common factor, heads
keep dividing sizes, and whatever has one entry for each layer is cut to the layers that stay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformers_export.tiny.roles import Role, is_number, is_number_list
from transformers_export.tiny.switches import LENGTH, switch_edits
from transformers_export.tiny.tree import Path, Tree, leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VOCABULARY = 100
LAYERS = 2
MOST_LAYERS = 6
EXPERTS = 4
_WINDOW = 6
"""Shorter than what is captured, and no part of its length: code that fills up the last block has to be captured."""


@dataclass(frozen=True)
class Profile:
    """How small to go. Tried from small to large until a model works."""

    hidden: int = 32
    heads: int = 4
    image: int = 32
    positions: int = 128


PROFILES = (
    Profile(),
    Profile(image=64),
    Profile(hidden=64, image=64),
    Profile(hidden=128, image=128, positions=512),
    # Some models split a rotary half of fixed length: heads of 64 and of 128.
    Profile(hidden=128, heads=2, image=64),
    Profile(hidden=256, heads=2, image=128, positions=512),
)


def propose(tree: Tree, roles: Mapping[Path, Role], profile: Profile) -> dict[Path, Any]:
    """Return the new value of every field that changes, by its path."""
    values = {p: v for p, v in leaves(tree) if p in roles and (is_number(v) or is_number_list(v))}
    edits: dict[Path, Any] = {}
    scale = _Scale(values, roles, profile)
    for path, value in values.items():
        new = _entrywise(value, scale, roles[path], path)
        if new != value:
            edits[path] = new
    edits |= _token_edits(values, roles, edits)
    edits |= _layer_edits(tree, values, roles, edits)
    edits |= _patch_edits(values, roles, edits)
    edits |= _padding_edits(tree, values, edits)
    edits |= switch_edits(tree, edits)
    return edits


def _entrywise(value: Any, scale: _Scale, role: Role, path: Path) -> Any:
    if role is Role.STAGE_HEADS:
        return [item // math.gcd(*value) for item in value]
    if role is Role.SECTIONS:
        return spread(value, scale.head(2 * sum(value), path) // 2)
    if is_number_list(value):
        by_stage = scale.by_stage(value, role, path)
        return by_stage or [scale.small(item, role, path) for item in value]
    return scale.small(value, role, path)


class _Scale:
    """The common factors of one configuration."""

    def __init__(self, values: Mapping[Path, Any], roles: Mapping[Path, Role], profile: Profile) -> None:
        self.profile = profile
        self.values = values
        self.roles = roles
        self.hidden = _anchor(values, roles)
        self.granule = _granule(values, roles, profile)
        # Models in stages double their width with each: start them lower.
        self.target = profile.hidden // (4 if Role.STAGE_HEADS in roles.values() else 1)

    def small(self, value: int, role: Role, path: Path) -> int:
        """Return the small value; never larger than the value itself, never 0 for something that was there."""
        if value <= 0:
            return value
        small = min(value, self._small(value, role, path))
        return small if role is Role.SHARED_LAYERS else max(1, small)

    def _small(self, value: int, role: Role, path: Path) -> int:
        match role:
            case Role.VOCABULARY:
                return VOCABULARY
            case Role.LAYERS | Role.DEPTHS | Role.EXPERTS_USED | Role.EXPERT_GROUPS:
                return LAYERS if path[-1] != "topk_group" else 1
            case Role.EXPERTS:
                return EXPERTS
            case Role.HEADS:
                return self.profile.heads
            case Role.KEY_VALUE_HEADS:
                return self._key_value_heads(value, path)
            case Role.HEAD_SIZE:
                return self.head(value, path)
            case Role.POSITIONS:
                if path[-1].startswith("max_source"):
                    return 100  # spectrogram frames come in whole seconds: two of them, at 50 positions each
                # Some tables are a square grid of patches: stay a square.
                return (math.isqrt(self.profile.positions) + 1) ** 2 if is_square(value) else self.profile.positions
            case Role.IMAGE:
                return self._image(value, path)
            case Role.SHARED_LAYERS:
                return 0
            case Role.WINDOW:
                # What is shorter than the longest shape is crossed as it is, and windows of images are.
                return value if value < LENGTH else _WINDOW - ("radius" in path[-1])
            case Role.SIZE:
                return self.size(value)
            case _:
                return value

    def size(self, value: int) -> int:
        """Shrink a size by the factor of the hidden size, to a multiple of what the heads need."""
        if value < self.granule:
            return value
        return max(self.granule, round(value * self.target / self.hidden / self.granule) * self.granule)

    def head(self, value: int, path: Path) -> int:
        """Shrink the size of one head by the largest power of two that leaves it at the size profile asks for."""
        partner = self._partner(value, path)
        if partner:
            return partner
        siblings = [v for p, v in self._scope(path, Role.HEAD_SIZE) if is_number(v)]
        largest = max([value, *siblings])
        target = max(self.profile.hidden // self.profile.heads, 4)
        factor = max(1, largest // target)
        return max(2, round(value / factor / 2) * 2)

    def by_stage(self, sizes: list[int], role: Role, path: Path) -> list[int]:
        """Give each stage a size its heads divide; an empty list where no heads are listed by stage."""
        for _, heads in self._scope(path, Role.STAGE_HEADS) if role is Role.SIZE else []:
            if len(heads) == len(sizes) and all(s % h == 0 for s, h in zip(sizes, heads, strict=True)):
                return [min(s, 8 * h // math.gcd(*heads)) for s, h in zip(sizes, heads, strict=True)]
        return []

    def _partner(self, value: int, path: Path) -> int:
        """Keep heads x head size = n x hidden size for a set of heads of its own kind (`mamba_n_heads`); 0 for none."""
        prefix = path[-1].split("_")[0]
        for heads_path, heads in self._scope(path, Role.HEADS):
            alike = heads_path[-1].split("_")[0] == prefix and is_number(heads)
            if alike and heads * value % self.hidden == 0:
                return heads * value // self.hidden * self.profile.hidden // min(heads, self.profile.heads)
        return 0

    def _key_value_heads(self, value: int, path: Path) -> int:
        heads = [v for _, v in self._scope(path, Role.HEADS) if is_number(v) and v >= value]
        if not heads or value in heads:
            return self.profile.heads
        return 1 if value == 1 else max(1, self.profile.heads // 2)

    def _image(self, value: int, path: Path) -> int:
        beside: Any = next((v for p, v in self.values.items() if p[:-1] == path[:-1] and "patch_size" in p[-1]), 1)
        patch: int = max(beside) if is_number_list(beside) else beside
        side = patch * max(1, math.ceil(self.profile.image / patch))
        return side if (side // patch) % 2 == 0 or value % (2 * patch) else side + patch

    def _scope(self, path: Path, role: Role) -> list[tuple[Path, Any]]:
        """Fields of one role beside this one."""
        return [(p, v) for p, v in self.values.items() if p[:-1] == path[:-1] and self.roles[p] is role]


def _anchor(values: Mapping[Path, Any], roles: Mapping[Path, Role]) -> int:
    """The hidden size: what head counts divide; of several the outermost, then the first."""
    sizes = [(len(p), v) for p, v in values.items() if roles[p] is Role.SIZE and is_number(v) and v >= 8]
    named = [
        (len(p), v)
        for p, v in values.items()
        if roles[p] is Role.SIZE
        and is_number(v)
        and p[-1] in ("hidden_size", "d_model", "n_embd", "dim", "emb_dim", "embed_dim")
    ]
    heads = [v for p, v in values.items() if roles[p] is Role.HEADS and is_number(v) and v > 1]
    dividable = [s for s in sizes if heads and s[1] % heads[0] == 0]
    ranked = named or dividable or sizes
    if ranked:
        return min(ranked, key=lambda item: item[0])[1]
    lists = [max(v) for p, v in values.items() if roles[p] is Role.SIZE and is_number_list(v)]
    return min(lists, default=32)


def _granule(values: Mapping[Path, Any], roles: Mapping[Path, Role], profile: Profile) -> int:
    """What every small size is a multiple of: room for the heads, and for small counts that stay as they are."""
    granule = 8
    for path, value in values.items():
        if roles[path] is Role.UNKNOWN and is_number(value) and 1 < value <= 16:
            granule = math.lcm(granule, value) if math.lcm(granule, value) <= profile.hidden else granule
    return granule


def _token_edits(values: Mapping[Path, Any], roles: Mapping[Path, Role], edits: Mapping[Path, Any]) -> dict[Path, Any]:
    """Move token ids into the small vocabulary; the same old id becomes the same new id, everywhere."""
    room = min((edits.get(p, v) for p, v in values.items() if roles[p] is Role.VOCABULARY and is_number(v)), default=0)
    tokens = {p: v for p, v in values.items() if roles[p] is Role.TOKEN}
    old = sorted({i for v in tokens.values() for i in (v if is_number_list(v) else [v])})
    if not room:
        return {}
    new = dict(place_tokens(old, room))
    moved = {p: [new[i] for i in v] if is_number_list(v) else new[v] for p, v in tokens.items()}
    return {p: v for p, v in moved.items() if v != tokens[p]}


def place_tokens(ids: Iterable[int], room: int) -> Iterable[tuple[int, int]]:
    """Pair each token id with one below `room`: those that fit stay, the rest take the free ids from the top down.

    Negative ids mean "none" and stay.
    """
    ids = sorted(set(ids))
    taken = {i for i in ids if i < room}
    free = iter(i for i in range(room - 1, -1, -1) if i not in taken)
    for token in reversed(ids):
        yield token, token if token < room else next(free, room - 1)


def _layer_edits(
    tree: Tree, values: Mapping[Path, Any], roles: Mapping[Path, Role], edits: Mapping[Path, Any]
) -> dict[Path, Any]:
    """Cut what has one entry a layer, and what names a layer, to the layers that stay."""
    result: dict[Path, Any] = {}
    for count_path, count in values.items():
        if roles[count_path] is not Role.LAYERS or not is_number(count):
            continue
        beside = {p: v for p, v in leaves(tree) if p[:-1] == count_path[:-1]}
        lists = {
            p: v
            for p, v in beside.items()
            if isinstance(v, (list, tuple)) and len(v) == count and roles.get(p) is not Role.DEPTHS
        }
        patterns = {p: v for p, v in beside.items() if _repeats(v) == count}
        kept = kept_layers(count, [v for v in lists.values() if not isinstance(v[0], float)])
        if patterns:
            kept = list(range(max(len(block[0]) for v in patterns.values() for block in v)))
        result[count_path] = len(kept)
        result |= {p: [edits.get(p, v)[i] for i in kept] for p, v in lists.items()}
        result |= {p: [[v[0][0], 1]] for p, v in patterns.items()}
        for path, value in beside.items():
            if roles.get(path) is Role.LAYER_INDEX and path not in lists:
                result[path] = _inside(value, len(kept))
    return result


def kept_layers(count: int, lists: Iterable[Any]) -> list[int]:
    """Choose which layers stay: the first of each kind, at least two where there are two, at most `MOST_LAYERS`."""
    kinds: dict[str, int] = {}
    columns = list(lists)
    for index in range(count):
        kinds.setdefault(repr([column[index] for column in columns]), index)
    kept = sorted(kinds.values())[:MOST_LAYERS]
    extra = (index for index in range(count) if index not in kept)
    while len(kept) < min(LAYERS, count):
        kept.append(next(extra))
    return sorted(kept)


def _repeats(value: Any) -> int:
    """Layers described by a list of [pattern, times]; 0 when the value has another form."""
    if not isinstance(value, (list, tuple)) or not value:
        return 0
    if not all(isinstance(b, (list, tuple)) and len(b) == 2 and isinstance(b[0], (list, tuple)) for b in value):
        return 0
    return sum(len(block[0]) * block[1] for block in value if is_number(block[1]))


def _inside(value: Any, count: int) -> Any:
    if is_number_list(value):
        return sorted({min(item, count - 1) for item in value})
    return min(value, count - 1) if is_number(value) else value


def _padding_edits(tree: Tree, values: Mapping[Path, Any], edits: Mapping[Path, Any]) -> dict[Path, Any]:
    """Pad with the end token where a configuration names none: some heads refuse a batch without a padding token."""
    result = {}
    for path, value in leaves(tree):
        end = (*path[:-1], "eos_token_id")
        if path[-1] == "pad_token_id" and value is None and end in values:
            eos = edits.get(end, values[end])
            result[path] = eos[0] if is_number_list(eos) else eos
    return result


def _patch_edits(values: Mapping[Path, Any], roles: Mapping[Path, Role], edits: Mapping[Path, Any]) -> dict[Path, Any]:
    """Recount the patches where a field says how many an image has."""
    result = {}
    for path, value in values.items():
        if roles[path] is not Role.PATCHES or not is_number(value):
            continue
        for image_path, image in values.items():
            if roles[image_path] is Role.IMAGE and is_number(image) and image_path in edits and is_square(value):
                step = image / math.isqrt(value)
                result[path] = max(1, int(edits[image_path] // step)) ** 2
    return result


def is_square(value: int) -> bool:
    """Whether a number is the square of a whole number."""
    return value >= 0 and math.isqrt(value) ** 2 == value


def spread(parts: Iterable[int], total: int) -> list[int]:
    """Share `total` among the parts in about their proportion, at least 1 each, summing to it exactly."""
    parts = list(parts)
    shares = [max(1, part * total // sum(parts)) for part in parts]
    shares[-1] = max(1, shares[-1] + total - sum(shares))
    return shares
