"""From what was read of a model to what its ONNX configuration declares. Pure; how that is written is in `text.py`.

Names and axes are decided by what `forward()` takes and by what the preprocessor makes. What cannot be known from the
code is decided the careful way and becomes a note.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from transformers_export import cache_names
from transformers_export.scaffold.facts import CannotScaffoldError
from transformers_export.scaffold.members import Member, members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers_export.scaffold.facts import Facts, Head

    Shape = Literal["text", "decoder", "seq2seq", "speech2seq", "image", "text-image", "audio"]
    Lengths = Literal["usual", "choices", "alike"]

PAST = cache_names.DECLARED
WITH_PAST = "-with-past"
BASES = {
    "decoder": "OnnxConfigWithPast",
    "seq2seq": "OnnxSeq2SeqConfigWithPast",
    "speech2seq": "OnnxSeq2SeqConfigWithPast",
}
TWO_SIDED = ("seq2seq", "speech2seq")
_CACHED = ("default", "causal-lm", "seq2seq-lm", "speech2seq-lm")
"""Tasks whose models decode token by token."""
_MADE = {
    "text": ("input_ids", "attention_mask", "token_type_ids"),
    "decoder": ("input_ids", "attention_mask", "token_type_ids"),
    "seq2seq": ("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask"),
    "speech2seq": ("input_values", "input_features", "decoder_input_ids"),
    "image": ("pixel_values",),
    "text-image": ("input_ids", "attention_mask", "token_type_ids", "pixel_values"),
    "audio": ("input_values", "input_features"),
}
"""What a preprocessor can make, for each shape of model."""
_PLAIN = frozenset(
    (
        *("position_ids", "decoder_position_ids", "cache_position", "inputs_embeds", "decoder_inputs_embeds"),
        *("head_mask", "decoder_head_mask", "cross_attn_head_mask", "interpolate_pos_encoding", "bool_masked_pos"),
        *("encoder_outputs", "encoder_hidden_states", "encoder_attention_mask"),
        *(*cache_names.NAMES, "cache_params", "mems"),
        *("use_cache", "logits_to_keep", "num_logits_to_keep", "mask_time_indices"),
        *("labels", "start_positions", "end_positions", "next_sentence_label", "sentence_order_label"),
    )
)
"""Parameters that a graph leaves out as a matter of course: the model makes them itself, or they are for training."""
_PAIRS = {
    "logits_per_image": ((0, "batch"), (1, "batch")),
    "logits_per_text": ((0, "batch"), (1, "batch")),
    "text_embeds": ((0, "batch"),),
    "image_embeds": ((0, "batch"),),
}
"""What models of text and images return, each text held against each image."""
_FRAMES = "max_source_positions"
"""How a configuration calls the length of what its encoder makes of audio."""
_CONVOLUTIONS = ("conv_kernel", "conv_stride", "feat_extract_norm")
_AXES = tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Variant:
    """What some of the tasks take: names in the order of `forward()`, past key values among them."""

    tasks: tuple[str, ...]
    inputs: tuple[str, ...]
    lengths: Lengths = "usual"
    """`choices`: every input has one more axis. `alike`: encoder and decoder have one length, because classification
    finds the end of the one in the other."""


@dataclass(frozen=True)
class Decision:
    """The configuration to be written."""

    name: str
    shape: Shape
    base: str
    variants: tuple[Variant, ...]
    """The last is what all other tasks take."""
    features: tuple[str, ...]
    """To register, in the order of the table of tasks."""
    axes: tuple[tuple[str, _AXES], ...] = ()
    """Axes of the inputs of a model that is not of text alone."""
    outputs: tuple[tuple[str, _AXES], ...] | None = None
    """Outputs in place of the base class's: names with axes; empty means the base's names, of which only the batch
    varies; None leaves them to the base class."""
    members: tuple[Member, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be decided."""


def decide(facts: Facts) -> Decision:
    """Decide what the class declares.

    Raises:
        CannotScaffoldError: The model takes what no preprocessor makes, or nothing of it can be exported.
    """
    shape = _shape(facts)
    notes = [f"left out, because it could not be read: {why}." for why in facts.unread]
    heads = _exportable(facts, shape, notes)
    variants = _variants(facts, heads, shape)
    features = _features(heads, variants)
    notes += _left_out(facts, heads, {name for variant in variants for name in variant.inputs})
    outputs = _outputs(facts, shape, heads)
    notes += _doubts(facts, shape)
    found, doubts = members(facts, shape)
    return Decision(
        name=facts.onnx_class,
        shape=shape,
        base=BASES.get(shape, "OnnxConfig"),
        variants=variants,
        features=features,
        axes=_input_axes(facts, shape, variants),
        outputs=outputs,
        members=found,
        notes=(*notes, *doubts),
    )


def _shape(facts: Facts) -> Shape:
    """What kind of model it is, by what its bare model takes, or its first head where it has no bare one."""
    main = facts.head("default") or facts.heads[0]
    takes = set(main.parameters)
    text, image = "input_ids" in takes, "pixel_values" in takes
    audio = bool(takes & {"input_values", "input_features"})
    if "decoder_input_ids" in takes:
        if text and not image and not audio:
            return "seq2seq"
        # The one length that its encoder gives must be known, for the keys and values of cross attention.
        if audio and not text and not image and facts.dialect == "transformers" and facts.has(_FRAMES):
            return "speech2seq"
    elif text and image and not audio:
        if main.fields and set(_PAIRS) & main.fields:
            return "text-image"
    elif image and not text and not audio:
        return "image"
    elif audio and not text and not image:
        return "audio"
    elif text:
        return "decoder" if _caches(facts) else "text"
    taken = ", ".join(_of_interest(main)) or "nothing by name"
    raise CannotScaffoldError(
        f"forward() of {main.model} takes {taken}: expected token ids, those of an encoder and a decoder, images, "
        "audio, or texts that are held against images. Other inputs need a class written by hand."
    )


def _of_interest(head: Head) -> list[str]:
    """The parameters that carry data: not those for training, or about what is returned."""
    return [name for name in head.parameters if name not in _PLAIN and not name.startswith(("output_", "return_"))]


def _caches(facts: Facts) -> bool:
    """Whether it decodes with past key values: it takes them for causal-lm, and is no encoder with a decoder's head."""
    causal = facts.head("causal-lm")
    main = facts.head("default") or causal
    if causal is None or main is None or facts.head("masked-lm") is not None:
        return False
    return all(PAST in head.parameters and (head.fields is None or PAST in head.fields) for head in (causal, main))


def _exportable(facts: Facts, shape: Shape, notes: list[str]) -> tuple[Head, ...]:
    """The heads whose inputs can be made and whose outputs are declared; for the others a note."""
    kept: list[Head] = []
    for head in facts.heads:
        why = _refusal(facts, shape, head)
        if why:
            notes.append(f"{head.task} is left out: {why}.")
        else:
            kept.append(head)
    if not kept:
        raise CannotScaffoldError(f"Nothing of {facts.config_class} can be exported: {' '.join(notes)}")
    return tuple(kept)


def _refusal(facts: Facts, shape: Shape, head: Head) -> str | None:
    wanted = [name for name in head.required if name not in _MADE[shape]]
    if wanted:
        return f"forward() of {head.model} requires {', '.join(wanted)}, which no preprocessor makes"
    main = "pixel_values" if shape == "image" else "input_ids"
    if shape not in ("audio", "speech2seq") and main not in head.parameters:
        return f"forward() of {head.model} takes no {main}"
    if head.task.endswith("2seq-lm") and shape not in TWO_SIDED:
        return f"{head.model} decodes, and the base class makes inputs for one side alone"
    if shape == "seq2seq" and head.task == "masked-lm" and _is_translator(facts, head):
        return f"{head.model} is exported for seq2seq-lm already"
    if shape in TWO_SIDED and "decoder_input_ids" not in head.parameters:
        return f"{head.model} is one side alone, and the base class makes inputs for both"
    if shape == "text-image" and not set(_PAIRS) & (head.fields or frozenset()):
        return f"{head.model} does not hold texts against images"
    if head.task not in facts.base_outputs:
        return f"{BASES.get(shape, 'OnnxConfig')} declares no outputs for it"
    if head.fields is not None and shape != "text-image":
        missing = [name for name in facts.base_outputs[head.task] if name not in head.fields]
        if missing:
            return f"what {head.model} returns has no {', '.join(missing)}, which OnnxConfig declares for it"
    return None


def _is_translator(facts: Facts, head: Head) -> bool:
    """Whether a head is that of seq2seq-lm: the table of masked models lists bart's too, by how it was trained."""
    other = facts.head("seq2seq-lm")
    return other is not None and other.model == head.model


def _features(heads: Sequence[Head], variants: Sequence[Variant]) -> tuple[str, ...]:
    """The tasks, and with past key values those that take them."""
    cached = variants[-1].tasks if PAST in variants[-1].inputs else ()
    found: list[str] = []
    for head in heads:
        found.append(head.task)
        if head.task in cached and PAST in head.parameters and head.task in _CACHED:
            found.append(head.task + WITH_PAST)
    return tuple(found)


def _variants(facts: Facts, heads: Sequence[Head], shape: Shape) -> tuple[Variant, ...]:
    """Tasks by what they take; what most tasks take comes last, as the rule the others are exceptions to.

    Where some decode with past key values, what those take is the rule.
    """
    taken = {head.task: _inputs(facts, head, shape) for head in heads}
    kinds = {
        task: (tuple(name for name in names if name != PAST), _lengths(shape, task)) for task, names in taken.items()
    }
    cached = [task for task in taken if shape in BASES and task in _CACHED and PAST in taken[task]]
    rest = Counter(kinds[task] for task in cached or kinds).most_common(1)[0][0]
    ordered = [*(kind for kind in dict.fromkeys(kinds.values()) if kind != rest), rest]
    found = [Variant(tuple(task for task, each in kinds.items() if each == kind), *kind) for kind in ordered]
    with_past = next((taken[task] for task in cached if kinds[task] == rest), None)
    return (*found[:-1], replace(found[-1], inputs=with_past) if with_past else found[-1])


def _lengths(shape: Shape, task: str) -> Lengths:
    if task == "multiple-choice":
        return "choices"
    return "alike" if shape == "seq2seq" and task == "sequence-classification" else "usual"


def _inputs(facts: Facts, head: Head, shape: Shape) -> tuple[str, ...]:
    cached = shape in BASES and head.task in _CACHED
    wanted = [name for name in _MADE[shape] if name != "token_type_ids" or _wants_types(facts)]
    return tuple(name for name in head.parameters if name in wanted or (cached and name == PAST))


def _wants_types(facts: Facts) -> bool:
    """Token types belong to the graph where the tokenizer makes them, or else where the model has several."""
    if facts.token_types == 0:
        return False
    if facts.tokenizer_inputs is not None:
        return "token_type_ids" in facts.tokenizer_inputs
    return "type_vocab_size" in facts.attributes


def _left_out(facts: Facts, heads: Sequence[Head], declared: set[str]) -> list[str]:
    """A note on each parameter that may matter and is not declared."""
    notes: list[str] = []
    optional = [name for head in heads for name in _of_interest(head) if name not in declared]
    for name in dict.fromkeys(optional):
        if name == "token_type_ids":
            if facts.token_types == 0:
                notes.append("token_type_ids are left out: type_vocab_size is 0 unless a checkpoint says otherwise.")
            elif facts.tokenizer_inputs is None:
                notes.append("forward() takes token_type_ids; no tokenizer was found, so they are left out.")
            continue
        notes.append(f"forward() takes {name}, which is left out: the graph computes as if it were not given.")
    if "token_type_ids" in declared and facts.tokenizer_inputs is None:
        notes.append(
            "no tokenizer was found: token_type_ids are declared because the configuration has type_vocab_size."
        )
    return notes


def _input_axes(facts: Facts, shape: Shape, variants: Sequence[Variant]) -> tuple[tuple[str, _AXES], ...]:
    if shape not in ("speech2seq", "image", "text-image", "audio"):
        return ()
    axes: dict[str, _AXES] = {}
    for name in variants[-1].inputs:
        if shape == "speech2seq" and name not in ("input_values", "input_features"):
            continue
        if name == "input_values" and facts.has(*_CONVOLUTIONS):
            axes[name] = ((0, "batch"), (1, "samples"))
        elif name in ("pixel_values", "input_values", "input_features"):
            axes[name] = ((0, "batch"),)
        else:
            axes[name] = ((0, "batch"), (1, "sequence"))
    return tuple(axes.items())


def _outputs(facts: Facts, shape: Shape, heads: Sequence[Head]) -> tuple[tuple[str, _AXES], ...] | None:
    if shape == "text-image":
        fields = heads[0].fields or frozenset()
        return tuple((name, axes) for name, axes in _PAIRS.items() if name in fields)
    if shape == "audio" and facts.has(*_CONVOLUTIONS):
        return (("last_hidden_state", ((0, "batch"), (1, "frames"))),)
    return () if shape in ("image", "audio") else None


def _doubts(facts: Facts, shape: Shape) -> list[str]:
    if shape in ("image", "text-image"):
        sizes = "only the batch of pixel_values may vary; declare height and width too if the model takes other sizes."
        known = shape == "image" or "vision_config" in facts.attributes
        return [sizes] if known else [sizes, "nothing says how large its images are: see generate_dummy_inputs."]
    if shape in ("audio", "speech2seq") and not facts.has(*_CONVOLUTIONS):
        return ["only the batch may vary; declare the length too if the model takes audio of any length."]
    return []
