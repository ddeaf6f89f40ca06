"""Defects for every form in which transformers was written, and changes that only look like them: see `history.py`.

Each plant is a function from an era to what it edits, with the findings it must raise. Models are chosen so that no
plant hides another: all of an era are planted at once.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.history import FIRST_REGISTRY, MODELS
from support.repositories import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.history import Era

CONFIG = "src/transformers/onnx/config.py"
AUTO = f"{MODELS}/auto/modeling_auto.py"


def configuration(name: str) -> str:
    return f"{MODELS}/{name}/configuration_{name}.py"


@dataclass
class Text:
    """The files of a tree, edited one after the other. Every text that is replaced must be there."""

    read: Callable[[str], bytes | None]
    changed: dict[str, str] = field(default_factory=dict)

    def of(self, path: str) -> str:
        if path not in self.changed:
            content = self.read(path)
            assert content is not None, path
            self.changed[path] = content.decode()
        return self.changed[path]

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.of(path)
        assert old in text, f"{path} has no {old!r}"
        self.changed[path] = text.replace(old, new, 1)

    def swap(self, path: str, pattern: str, new: str) -> None:
        """Replace what a regular expression finds first."""
        found, count = re.subn(pattern, new, self.of(path), count=1)
        assert count, f"{path} has nothing like {pattern!r}"
        self.changed[path] = found


class Registry:
    """The registry of an era: its entries as text."""

    def __init__(self, text: Text, era: Era) -> None:
        self.path = FIRST_REGISTRY if era.registry == "constructors" else REGISTRY
        self._text = text
        self._era = era

    def entry(self, key: str) -> str:
        """The lines of an entry, as they stand."""
        source = self._text.of(self.path)
        for node in ast.walk(ast.parse(source)):
            for name, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
                if isinstance(name, ast.Constant) and name.value == key and isinstance(value, (ast.Call, ast.Dict)):
                    return "".join(source.splitlines(keepends=True)[name.lineno - 1 : value.end_lineno])
        raise AssertionError(f"{self.path} has no {key}")

    def change(self, key: str, edit: Callable[[str], str]) -> None:
        before = self.entry(key)
        after = edit(before)
        assert before != after, before
        self._text.replace(self.path, before, after)

    def add_feature(self, key: str, feature: str, constructor: str = "default") -> None:
        if self._era.registry == "constructors":
            owner = re.search(r": (\w+)", self.entry(key).partition("{")[2])
            assert owner
            self.change(key, lambda entry: entry.replace("{", f'{{"{feature}": {owner[1]}.{constructor}, ', 1))
        else:
            self.change(key, lambda entry: entry.replace("mapping(", f'mapping("{feature}", ', 1))


Findings = set[tuple[str, str]]


def plant(text: Text, era: Era) -> Findings:
    """Plant a defect for every rule that an era can break; the findings (rule, subject) they must raise."""
    expected: Findings = set()
    if era.registry is None:
        text.swap(configuration("vit"), r"(?m)^from ", "from transformers.onnx import OnnxConfig\nfrom ")
        return {("removed-import", "transformers.onnx")}
    for part in (_registry, _matrix, _package, _configurations):
        expected |= part(text, era)
    return expected


def _registry(text: Text, era: Era) -> Findings:
    registry = Registry(text, era)
    july = era.registry == "constructors"
    registry.change("longformer", lambda entry: "")
    registry.change("t5", lambda entry: entry.replace("T5OnnxConfig", "T5ExportConfig"))
    if era.registry != "strings":
        text.replace(registry.path, "import T5OnnxConfig", "import T5ExportConfig")
    registry.change("xlm-roberta", lambda entry: entry.replace('"xlm-roberta"', '"xlm_roberta"'))
    registry.add_feature("distilbert", "default")
    registry.add_feature("roberta", "defaults")
    registry.add_feature("roberta", "with_past" if july else "default-with-past", "with_past")
    if july:
        text.replace(registry.path, '"default": AutoModel,', '"default": AutoModel,\n        "with_past": AutoModel,')
        text.replace(AUTO, "        (BartConfig, BartModel),\n", "")
        absent = "bart/default"
    else:
        registry.add_feature("albert", "seq2seq-lm")
        absent = "albert/seq2seq-lm"
    expected = {
        ("unregistered", "LongformerOnnxConfig"),
        ("registry-class-unknown", "t5"),
        ("unreachable-key", "xlm_roberta"),
        ("duplicate-feature", "distilbert/default"),
        ("unknown-feature", "roberta/defaults"),
        ("past-without-cache", "roberta"),
        ("no-auto-class", absent),
    }
    registry.change("bert", lambda entry: entry * 2)
    expected.add(("duplicate-key", "bert"))
    if not july:
        text.swap(CONFIG, r'(?m)^        "question-answering": OrderedDict\(\n(.*\n)+?        \),\n', "")
        expected.add(("no-outputs-for-task", "camembert/question-answering"))
        registry.change("camembert", lambda entry: entry.replace('"token-classification",', ""))
        expected.add(("missing-feature", "camembert/token-classification"))
    return expected


def _matrix(text: Text, era: Era) -> Findings:
    if era.matrix is None:
        return set()
    rows = text.of(era.matrix).splitlines(keepends=True)
    bart = [row for row in rows if row.strip().lower().startswith('("bart"')]
    gpt2 = [row for row in rows if row.strip().lower().startswith('("gpt2"')]
    plain = next(
        number
        for number, row in enumerate(rows)
        if row.strip().startswith(("PYTORCH_EXPORT_MODELS", "PYTORCH_EXPORT_DEFAULT"))
    )
    kept = [row for row in rows if row not in (*bart, *gpt2)]
    kept[plain + 1 : plain + 1] = [*gpt2[:1], '    ("vit-two", "x/y"),\n']
    text.changed[era.matrix] = "".join(kept)
    expected = {("no-matrix-entry", "bart"), ("matrix-not-registered", "vit-two")}
    if era.registry != "constructors":  # which registers nothing with past
        expected.add(("wrong-matrix-set", f"{rows[plain].partition(' = ')[0].strip()}/gpt2"))
    if era.tensorflow:
        text.swap(era.matrix, r"TENSORFLOW_EXPORT_DEFAULT_MODELS = \{\n", r'\g<0>    ("big-bird", "x/y"),\n')
        expected.add(("matrix-no-auto-class", "TENSORFLOW_EXPORT_DEFAULT_MODELS/big-bird"))
    return expected


def _package(text: Text, era: Era) -> Findings:
    expected = {("not-exported", "BartOnnxConfig")}
    if era.exports == "import-structure":
        text.replace(f"{MODELS}/bart/__init__.py", ', "BartOnnxConfig"]', "]")
    else:
        text.replace(configuration("bart"), ', "BartOnnxConfig"]', "]")
    if era.docs is not None:
        text.swap(era.docs, r"(?m)^[-*] DistilBERT\n", "")
        expected.add(("docs-missing", "distilbert"))
    return expected


def _configurations(text: Text, era: Era) -> Findings:
    """What the classes say, which took the same words in all years."""
    text.swap(configuration("distilbert"), r'\("attention_mask", ', '("attention_masks", ')
    text.swap(configuration("roberta"), r'\("input_ids", .*\),\n', "\n")
    text.swap(configuration("bert"), r'(?m)^ *\("input_ids", .*\),\n( *\("attention_mask", .*\),\n)', r"\g<1>    ")
    text.swap(configuration("bert"), r'(\("attention_mask", (.*)\),\n)', r'\g<1>("input_ids", \g<2>),\n')
    text.swap(
        configuration("albert"), r"class AlbertOnnxConfig\(OnnxConfig\):\n",
        r'\g<0>    @property\n    def outputs(self):\n        return {"pooled": {0: "batch"}}\n\n',
    )  # fmt: skip
    if era.registry == "constructors":
        text.swap(configuration("albert"), r'OrderedDict\(\[\("last_hidden_state".*\]\)', '{"pooled": {}}')
    text.swap(
        configuration("xlm_roberta"), r"class XLMRobertaOnnxConfig\(OnnxConfig\):\n",
        r"\g<0>    @property\n    def atol_for_validation(self):\n        return self.tolerance\n\n",
    )  # fmt: skip
    text.swap(
        configuration("longformer"),
        r"(?m)^(class LongformerConfig.*)$",
        r"\1  # transformers-export: ignore[unregistered]",
    )
    text.swap(
        f"{MODELS}/gpt2/modeling_gpt2.py",
        r"(class GPT2Model\((.*\n)+?    def forward\(\n        self,\n)",
        r"\1        scale,\n",
    )
    return {
        ("input-not-in-forward", "DistilBertOnnxConfig.attention_masks"),
        ("main-input-missing", "roberta/default"),
        ("input-order", "BertOnnxConfig.input_ids"),
        ("output-not-in-model-output", "albert/default/pooled"),
        ("unknown-base-attribute", "XLMRobertaOnnxConfig.tolerance"),
        ("unused-ignore", "unregistered"),
        ("required-input-missing", "gpt2/default/scale"),
    }


def nearly(text: Text, era: Era) -> None:
    """Changes that only look like the defects above."""
    if era.registry is None:
        text.swap(
            configuration("vit"),
            r"(?m)^from ",
            "try:\n    from transformers.onnx import OnnxConfig\nexcept ImportError:\n    pass\nfrom ",
        )
        return
    registry = Registry(text, era)
    for key in ("bert", "longformer"):
        commented = "".join(f"# {row}\n" for row in registry.entry(key).splitlines())
        registry.change(key, lambda entry, commented=commented: commented + entry)
    moved = registry.entry("t5").rstrip().rstrip(",") + ",\n"
    registry.change("t5", lambda entry: "")
    registry.change("albert", lambda entry: moved + entry)
    if era.matrix:
        text.swap(era.matrix, r'(?mi)^( *)(\("bert".*\n)', r'\1# ("vit-two", "x/y"),\n\1\2')
        text.swap(era.matrix, r'(?mi)^( *\("gpt2".*\n)', r"\1\1")
    if era.exports == "import-structure":
        init = f"{MODELS}/bart/__init__.py"
        text.replace(init, ', "BartOnnxConfig"]', "]")
        text.replace(
            init,
            "if TYPE_CHECKING:",
            '_import_structure["configuration_bart"].append("BartOnnxConfig")\n\nif TYPE_CHECKING:',
        )
    else:
        text.replace(configuration("bart"), '["BartConfig", "BartOnnxConfig"]', '("BartOnnxConfig", "BartConfig")')
    if era.docs:
        text.swap(era.docs, r"(?m)^([-*]) DistilBERT\n", r"\1 [DistilBERT](model_doc/distilbert), by Hugging Face\n")
    text.swap(configuration("distilbert"), r'(\("attention_mask", .*\),)', r'\1 ("head_mask", {}),')
    text.swap(configuration("roberta"), r'\("input_ids", (.*)\),', r'("input_ids", {0: "rows", 1: "tokens"}),')
    text.swap(
        configuration("xlm_roberta"), r"class XLMRobertaOnnxConfig\(OnnxConfig\):\n",
        r'\g<0>    @property\n    def atol_for_validation(self):\n        return getattr(self, "tolerance", 1e-4)\n\n',
    )  # fmt: skip
    text.swap(
        configuration("longformer"),
        r"(?m)^(class LongformerConfig)",
        r'TEXT = "# transformers-export: ignore[x]"\n\n\n\1',
    )
    text.swap(
        f"{MODELS}/gpt2/modeling_gpt2.py",
        r"(class GPT2Model\((.*\n)+?    def forward\(\n        self,\n)",
        r"\1        scale=None,\n",
    )
