"""The text of an ONNX configuration class, laid out as black and ruff leave it at any line length from 88 on.

What the class declares was decided in `decide.py`; where it goes is decided in `edits/classes.py`.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from transformers_export.scaffold.decide import PAST, TWO_SIDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers_export.scaffold.decide import Decision, Variant
    from transformers_export.scaffold.facts import Dialect

MARK = "# transformers-export: check this: "
_WIDTH = 84
_BATCH = '{0: "batch"}'
_SEQUENCE = '{0: "batch", 1: "sequence"}'
_CHOICES = '{0: "batch", 1: "choice", 2: "sequence"}'
_TYPE = "Mapping[str, Mapping[int, str]]"


def class_text(decision: Decision, dialect: Dialect) -> str:
    """The whole class, without the blank lines around it; ends with a line break."""
    lines = [f"class {decision.name}({decision.base}):"]
    for note in decision.notes:
        lines += _comment(note)
    if decision.notes:
        lines.append("")
    lines += _property("inputs", _TYPE, _inputs(decision))
    if decision.outputs is not None:
        lines += ["", *_property("outputs", _TYPE, _outputs(decision))]
    for member in decision.members:
        kind = "Tuple[int, int]" if dialect == "transformers" and member.type != "int" else member.type
        lines += ["", *_property(member.name, kind, member.body)]
    for method in _methods(decision, dialect):
        lines += ["", *method]
    return "\n".join(f"    {line}" if number and line else line for number, line in enumerate(lines)) + "\n"


def names_used(decision: Decision, dialect: Dialect) -> tuple[str, ...]:
    """What of `typing` or `collections.abc` the class needs: `Any`, `Mapping`, ..."""
    text = class_text(decision, dialect)
    return tuple(name for name in ("Any", "Mapping", "Optional", "Tuple") if f"{name}[" in text or f" {name}" in text)


def _comment(note: str) -> Iterator[str]:
    first, *rest = wrap(MARK + note, _WIDTH, subsequent_indent="#   ", break_on_hyphens=False, break_long_words=False)
    yield first
    yield from rest


def _property(name: str, kind: str, body: Sequence[str]) -> list[str]:
    return ["@property", f"def {name}(self) -> {kind}:", *(f"    {line}" if line else line for line in body)]


def _mapping(opening: str, items: Sequence[tuple[str, str]], closing: str = "}") -> list[str]:
    return [opening + "{", *(f'    "{name}": {axes},' for name, axes in items), closing]


def _inputs(decision: Decision) -> list[str]:
    exceptions, rest = decision.variants[:-1], decision.variants[-1]
    if decision.shape == "text" and [each.inputs for each in exceptions] in ([], [rest.inputs]):
        return _one_list(decision, rest)
    lines: list[str] = []
    for variant in exceptions:
        lines += [f"if {_condition(variant.tasks)}:", *(f"    {line}" for line in _plain(decision, variant))]
    if decision.shape == "decoder" or decision.shape in TWO_SIDED:
        return lines + _with_past(decision, rest)
    return lines + _plain(decision, rest)


def _one_list(decision: Decision, rest: Variant) -> list[str]:
    """One list of names for all tasks, with another axis for multiple choice."""
    lines = [f"axes = {_SEQUENCE}"]
    if len(decision.variants) > 1:
        lines = ['if self.task == "multiple-choice":', f"    axes = {_CHOICES}", "else:", f"    {lines[0]}"]
    elif rest.lengths == "choices":
        lines = [f"axes = {_CHOICES}"]
    return [*lines, *_mapping("return ", [(name, "axes") for name in rest.inputs])]


def _condition(tasks: Sequence[str]) -> str:
    if len(tasks) == 1:
        return f'self.task == "{tasks[0]}"'
    return "self.task in (" + ", ".join(f'"{task}"' for task in tasks) + ")"


def _plain(decision: Decision, variant: Variant) -> list[str]:
    """What tasks without past key values take."""
    return _mapping("return ", [(name, _axes(decision, variant, name)) for name in variant.inputs if name != PAST])


def _axes(decision: Decision, variant: Variant, name: str) -> str:
    known = dict(decision.axes)
    if name in known:
        return _written(known[name])
    if variant.lengths == "choices":
        return _CHOICES
    if decision.shape not in TWO_SIDED or variant.lengths == "alike" or "decoder_input_ids" not in variant.inputs:
        return _SEQUENCE
    side = "decoder" if name.startswith("decoder_") else "encoder"
    return f'{{0: "batch", 1: "{side}_sequence"}}'


def _written(axes: Sequence[tuple[int, str]]) -> str:
    return "{" + ", ".join(f'{axis}: "{label}"' for axis, label in axes) + "}"


def _with_past(decision: Decision, rest: Variant) -> list[str]:
    """Names in the order of `forward()`, past key values where they stand there."""
    two_sided = decision.shape in TWO_SIDED
    total = "past_decoder_sequence + decoder_sequence" if two_sided else "past_sequence + sequence"
    short = "decoder_sequence" if two_sided else "sequence"
    mask = "decoder_attention_mask" if two_sided else "attention_mask"
    place = rest.inputs.index(PAST) if PAST in rest.inputs else len(rest.inputs)

    def axes(name: str) -> str:
        return '{0: "batch", 1: length}' if name == mask else _axes(decision, rest, name)

    lines = []
    if mask in rest.inputs:
        lines = [f'length = "{short}"', "if self.use_past:", f'    length = "{total}"']
    lines += _mapping("inputs = ", [(name, axes(name)) for name in rest.inputs[:place]])
    lines += ["if self.use_past:", '    self.fill_with_past_key_values_(inputs, direction="inputs")']
    lines += [f'inputs["{name}"] = {axes(name)}' for name in rest.inputs[place + 1 :]]
    return [*lines, "return inputs"]


def _outputs(decision: Decision) -> list[str]:
    if not decision.outputs:
        return [f"return {{name: {_BATCH} for name in super().outputs}}"]
    return _mapping("return ", [(name, _written(axes)) for name, axes in decision.outputs])


def _methods(decision: Decision, dialect: Dialect) -> Iterator[list[str]]:
    tasks = {task for variant in decision.variants for task in variant.tasks}
    if decision.shape == "decoder" and "sequence-classification" in tasks:
        yield _padding(dialect)
    if decision.shape == "text-image":
        yield _two_kinds()
    if dialect == "transformers" and any(member.name == "head_dim" for member in decision.members):
        yield _own_heads()
    if dialect == "transformers" and decision.shape == "seq2seq":
        yield _longer_mask()
    if decision.shape == "speech2seq":
        yield _sound(decision.axes[0][0])


def _padding(dialect: Dialect) -> list[str]:
    """Sequence classification looks for the last token that is no padding, and refuses a batch without such a token."""
    kind = "Optional[Mapping[str, Any]]" if dialect == "transformers" else "Mapping[str, Any]"
    body = [
        "override = dict(super().values_override or {})",
        'if getattr(self._config, "pad_token_id", None) is None:',
        '    override["pad_token_id"] = 0',
        "return override",
    ]
    return _property("values_override", kind, body)


def _two_kinds() -> list[str]:
    """A tokenizer makes no images: they are drawn as large as the configuration says."""
    return [
        "def generate_dummy_inputs(self, processor: Any, **kwargs: Any) -> Mapping[str, Any]:",
        "    import torch",
        "",
        '    tokenizer = getattr(processor, "tokenizer", processor)',
        "    text = super().generate_dummy_inputs(tokenizer, **kwargs)",
        "    vision = self._config.vision_config",
        '    batch, side = text["input_ids"].shape[0], vision.image_size',
        "    images = torch.rand(batch, vision.num_channels, side, side)",
        '    return {**text, "pixel_values": images}',
    ]


def _own_heads() -> list[str]:
    """The base class of transformers 4 takes the query heads for the cached ones."""
    return [
        "def generate_dummy_inputs(self, tokenizer: Any, **kwargs: Any) -> Mapping[str, Any]:",
        "    inputs = super(OnnxConfigWithPast, self).generate_dummy_inputs(",
        "        tokenizer,",
        "        **kwargs,",
        "    )",
        "    if not self.use_past:",
        "        return inputs",
        "    import torch",
        "",
        '    batch, sequence = inputs["input_ids"].shape',
        "    past = sequence + 2",
        '    mask = inputs["attention_mask"]',
        '    inputs["attention_mask"] = torch.cat([mask.new_ones(batch, past), mask], dim=1)',
        "    shape = (batch, self.num_attention_heads, past, self.head_dim)",
        '    inputs["past_key_values"] = []',
        "    for _ in range(self.num_layers):",
        '        inputs["past_key_values"].append((torch.zeros(shape), torch.zeros(shape)))',
        "    return inputs",
    ]


def _longer_mask() -> list[str]:
    """The base class of transformers 4 makes a decoder's mask that does not cover the past."""
    return [
        "def generate_dummy_inputs(self, tokenizer: Any, **kwargs: Any) -> Mapping[str, Any]:",
        "    inputs = super().generate_dummy_inputs(tokenizer, **kwargs)",
        '    mask = inputs.get("decoder_attention_mask")',
        "    if self.use_past and mask is not None:",
        "        import torch",
        "",
        '        past = inputs["past_key_values"][0][0].shape[2]',
        "        covered = torch.cat([mask.new_ones(mask.shape[0], past), mask], dim=1)",
        '        inputs["decoder_attention_mask"] = covered',
        "    return inputs",
    ]


def _sound(name: str) -> list[str]:
    """The base class makes two texts; here the first is a sound, and past keys are as long as what is made of it."""
    return [
        "def generate_dummy_inputs(",
        "    self,",
        "    preprocessor: Any,",
        "    batch_size: int = -1,",
        "    seq_length: int = -1,",
        "    **kwargs: Any,",
        ") -> Mapping[str, Any]:",
        "    import torch",
        "",
        "    batch = batch_size if batch_size > 0 else self.default_fixed_batch",
        "    length = seq_length if seq_length > 0 else self.default_fixed_sequence",
        '    extractor = getattr(preprocessor, "feature_extractor", preprocessor)',
        "    rate = extractor.sampling_rate",
        "    sound = self._generate_dummy_audio(batch, rate)",
        '    heard = extractor(sound, sampling_rate=rate, return_tensors="pt")',
        "    shape = (batch, 1 if self.use_past else length)",
        "    inputs = {",
        f'        "{name}": heard["{name}"],',
        '        "decoder_input_ids": torch.randint(2, self._config.vocab_size, shape),',
        "    }",
        "    if not self.use_past:",
        "        return inputs",
        "    heads = self.num_attention_heads[1]",
        "    size = self._config.hidden_size // heads",
        "    own = (batch, heads, length, size)",
        "    other = (batch, heads, self._config.max_source_positions, size)",
        '    inputs["past_key_values"] = []',
        "    for _ in range(self.num_layers[1]):",
        "        keys = [torch.zeros(shape) for shape in (own, own, other, other)]",
        '        inputs["past_key_values"].append(tuple(keys))',
        "    return inputs",
    ]
