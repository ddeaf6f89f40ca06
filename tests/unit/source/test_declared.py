"""What `inputs` and `outputs` declare: the forms that are read, and that the rest is reported as not read."""

from __future__ import annotations

import textwrap
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from support.static import repository
from transformers_export.models.bases import BartLikeOnnxConfig
from transformers_export.source import declared, lineage
from transformers_export.source.declared import Declared, Question
from transformers_export.source.python import Unread
from transformers_export.source.snapshot import Snapshot
from transformers_export.source.tree import working_tree

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "from transformers_export.onnx import OnnxConfig, OnnxConfigWithPast, OnnxSeq2SeqConfigWithPast\n"


BART = {
    **dict.fromkeys(("encoder_layers", "decoder_layers", "num_hidden_layers", "num_layers"), 1),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads", "num_attention_heads"), 2),
    **dict.fromkeys(("hidden_size", "d_model"), 8),
}


def read(
    root: Path, body: str, *, base: str = "OnnxConfigWithPast", task: str = "default", use_past: bool = False,
    name: str = "inputs", before: str = "",
) -> Declared | Unread:  # fmt: skip
    """What a class with this property declares."""
    function = f"    @property\n    def {name}(self):\n{textwrap.indent(textwrap.dedent(body), ' ' * 8)}\n"
    text = f"{HEAD}{before}\nclass AOnnxConfig({base}):\n    LIST = ('a', 'b')\n{function}"
    snapshot = Snapshot(working_tree(repository(root / "r", {"acme.py": text})), "package", patterns=("acme.py",))
    found = snapshot.find_class("acme.AOnnxConfig")
    assert found
    return declared.read(lineage.of(snapshot, found), Question(name, task, use_past))


def ways(found: Declared | Unread) -> list[list[str]]:
    assert isinstance(found, Declared), found
    return [list(way) for way in found.ways]


@pytest.mark.parametrize(
    "body",
    [
        'return {"a": {0: "batch"}, "b": {}}',
        'return OrderedDict([("a", {}), ("b", {})])',
        'return collections.OrderedDict({"a": {}, "b": {}})',
        'return dict(a={}, b={})',
        'axes = {0: "batch"}\nx = {"a": axes}\nx["b"] = axes\nx["a"][1] = "sequence"\nreturn x',
        'x: dict[str, int] = OrderedDict()\nx["a"] = {}\nx.update({"b": {}})\nreturn x',
        'x = {"a": {}}\ny = x\ny["b"] = {}\nreturn x',
        'x = {"b": {}, "a": {}, "c": {}}\ndel x["c"]\nx.move_to_end("b")\nreturn x',
        'x = {"a": {}, "c": {}}\nx.pop("c")\nx.setdefault("b", {})\nreturn dict(x)',
        'return {name: {} for name in ("a", "b")}',
        'return {name: {} for name in self.LIST}',
        'x = {}\nfor name in ("a", "b"):\n    x[name] = {}\nreturn x',
        'return {**{"a": {}}, "b": {}}',
        'return {"a": {}} | {"b": {}}',
        'first = "a"\nreturn {first: {}, "b": {}}',
        'x = {"a": {}, "b": {}}\nreturn copy.deepcopy(x)',
        '"""Says something."""\nx = {"a": {}, "b": {}}\nlogger.warning("x")\nreturn x.copy()',
        'x = {"a": {}, "b": {}}\nfor name, axes in x.items():\n    if "s" in name:\n        axes[0] = "b"\nreturn x',
    ],
)  # fmt: skip
def test_forms(tmp_path: Path, body: str) -> None:
    assert ways(read(tmp_path, body)) == [["a", "b"]]


BRANCHES = """\
x = {"ids": {}}
if self.task in ["default", "seq2seq-lm"] and not self.use_past:
    x["mask"] = {}
elif self.task == "causal-lm":
    x["lm"] = {}
if self.use_past:
    self.fill_with_past_key_values_(x, direction="inputs")
return x
"""


@pytest.mark.parametrize(
    ("task", "use_past", "expected"),
    [
        ("default", False, ["ids", "mask"]),
        ("default", True, ["ids", "past_key_values"]),
        ("causal-lm", True, ["ids", "lm", "past_key_values"]),
        ("question-answering", False, ["ids"]),
    ],
)
def test_branches_on_task_and_past(tmp_path: Path, task: str, use_past: bool, expected: list[str]) -> None:
    assert ways(read(tmp_path, BRANCHES, task=task, use_past=use_past)) == [expected]


def test_layers_are_not_told_apart(tmp_path: Path) -> None:
    body = """\
    x = {"ids": {}}
    layers, _ = self.num_layers
    for i in range(layers):
        x[f"past_key_values.{i}.key"] = {}
        x[f"past_key_values.{i}.value"] = {}
    return x
    """
    assert ways(read(tmp_path, body)) == [["ids", "past_key_values"]]


def test_a_condition_on_the_model_is_followed_both_ways(tmp_path: Path) -> None:
    body = 'x = {"a": {}}\nif self._config.type_vocab_size > 0:\n    x["b"] = {}\nreturn x'
    assert ways(read(tmp_path, body)) == [["a", "b"], ["a"]]
    body = 'return {"a": {}} if self._config.flag else {"b": {}}'
    assert ways(read(tmp_path / "2", body)) == [["a"], ["b"]]


def test_what_returns_nothing_declares_nothing(tmp_path: Path) -> None:
    assert ways(read(tmp_path, "pass")) == []
    assert ways(read(tmp_path / "2", "raise NotImplementedError")) == []


def test_inherited_outputs(tmp_path: Path) -> None:
    inherit = 'x = super().outputs\nx["more"] = {}\nreturn x'
    found = read(tmp_path, inherit, name="outputs", task="question-answering", use_past=True)
    assert ways(found) == [["start_logits", "end_logits", "present", "more"]]
    skip = "return super(OnnxConfigWithPast, self).outputs"
    found = read(
        tmp_path / "2", skip, name="outputs", base="OnnxSeq2SeqConfigWithPast", task="seq2seq-lm", use_past=True
    )
    assert ways(found) == [["logits"]]

    for number, form in enumerate(
        (
            "return {name: {} for name in super().outputs}",
            "return {name: {} for name, axes in super().outputs.items()}",
            "x = {}\nfor name, axes in super().outputs.items():\n    x[name] = axes\nreturn x",
            "return dict(super().outputs)",
            'return super().outputs if self.task == "causal-lm" else {}',
        )
    ):
        found = read(
            tmp_path / f"form-{number}", form, name="outputs", base="OnnxSeq2SeqConfigWithPast", task="causal-lm"
        )
        assert ways(found) == [["logits"]]


def test_bases_of_the_same_package(tmp_path: Path) -> None:
    before = 'class Base(OnnxConfig):\n    @property\n    def inputs(self):\n        return {"a": {}, "b": {}}\n'
    assert ways(read(tmp_path, "x = super().inputs\nx.pop('b')\nreturn x", base="Base", before=before)) == [["a"]]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return make()", "is computed"),
        ("return self._alone.inputs", "is computed"),
        ('x = {"a": {}}\nx[self.name] = {}\nreturn x', "a name is computed"),
        ('x = {"a": {}}\nx.update(make())\nreturn x', "a name is computed"),
        ('x = {"a": {}}\nfill(x)\nreturn x', "a call may change the names"),
        ('x = {"a": {}}\ny = fill(x)\nreturn x', "a call may change the names"),
        ('x = {"a": {}}\nx.clear()\nreturn x', "clear is not read"),
        ('x = {"a": {}}\nwhile True:\n    x["b"] = {}\nreturn x', "this statement is not read"),
        ('x = {"a": {}}\nfor n in range(3):\n    if n:\n        break\n    x["b"] = {}\nreturn x', "loop is not read"),
        ('x = {"a": {}}\ndel x[self.name]\nreturn x', "what is deleted is computed"),
        ('x = {}\nself.fill_with_past_key_values_(x, direction=self.side)\nreturn x', "direction"),
        ("x = {}\n" + "\n".join(f"if self.a{n}:\n    x['a'] = {{}}" for n in range(40)) + "\nreturn x", "too many"),
        ("\n".join(f"if self.a{n}:\n    return {{'x{n}': {{}}}}" for n in range(40)) + "\nreturn {}", "too many"),
    ],
)  # fmt: skip
def test_what_is_not_read(tmp_path: Path, body: str, why: str) -> None:
    found = read(tmp_path, body)
    assert isinstance(found, Unread)
    assert why in found.why
    assert found.path == "acme.py"


def test_what_another_package_declares_is_not_read(tmp_path: Path) -> None:
    before = "from elsewhere import BaseOnnxConfig\n"
    found = read(tmp_path, "return super().inputs", base="BaseOnnxConfig", before=before)
    assert isinstance(found, Unread)
    assert "not here" in found.why
    own = read(tmp_path / "2", 'return {"a": {}}', base="BaseOnnxConfig", before=before)
    assert ways(own) == [["a"]]


PARTS = """\
class AloneOnnxConfig(OnnxConfigWithPast):
    @property
    def inputs(self):
        return {"alone": {}, "past": {}} if self.use_past else {"alone": {}}

    @property
    def outputs(self):
        return {"alone": {}}
"""
INIT = "    def __init__(self, config, task='default', patching_specs=None, use_past=False):\n        "
HANDS_ON = "if self._alone:\n    return self._alone.inputs\nreturn {'whole': {}}"


@pytest.mark.parametrize(
    ("init", "task", "use_past", "expected"),
    [
        ("self._alone = AloneOnnxConfig(config, task, use_past=use_past) if task == 'causal-lm' else None",
         "causal-lm", True, ["alone", "past"]),
        ("self._alone = AloneOnnxConfig(config, task, use_past=use_past) if task == 'causal-lm' else None",
         "default", True, ["whole"]),
        ("self._alone = AloneOnnxConfig(config)", "causal-lm", True, ["alone"]),
        ("self._alone = AloneOnnxConfig(config, 'default', None, True)", "causal-lm", False, ["alone", "past"]),
        ("self._alone = AloneOnnxConfig(config) if config.flag else None", "default", False, None),
        ("self._alone = AloneOnnxConfig(config, *rest)", "default", False, None),
        ("self._alone = make(config)", "default", False, None),
        ("self._alone = AloneOnnxConfig(config)\n        self._alone = None", "default", False, None),
        ("task = make()\n        self._alone = AloneOnnxConfig(config, task)", "default", False, None),
    ],
)  # fmt: skip
def test_a_part_that_is_built_once(
    tmp_path: Path, init: str, task: str, use_past: bool, expected: list[str] | None
) -> None:
    found = read(tmp_path, HANDS_ON + "\n", before=PARTS + "class Base(OnnxConfigWithPast):\n" + INIT + init + "\n",
                 base="Base", task=task, use_past=use_past)  # fmt: skip
    if expected is None:
        assert isinstance(found, Unread)
    else:
        assert ways(found) == [expected]


def test_a_part_that_is_the_class_itself_is_not_read(tmp_path: Path) -> None:
    before = "class Base(OnnxConfig):\n" + INIT + "self._alone = AOnnxConfig(config)\n"
    assert isinstance(read(tmp_path, "return self._alone.inputs", base="Base", before=before), Unread)


TASKS = [("default", False), ("default", True), ("seq2seq-lm", True), ("causal-lm", True), ("causal-lm", False)]


def test_a_class_that_derives_from_a_ready_made_one_declares_what_it_does(tmp_path: Path) -> None:
    """Held against building the class: it keeps another configuration for causal-lm."""
    before = "from transformers_export.models.bases import BartLikeOnnxConfig\n"
    for number, (task, use_past) in enumerate([*TASKS, ("sequence-classification", False)]):
        built = BartLikeOnnxConfig(SimpleNamespace(**BART), task=task, use_past=use_past)
        for name in ("inputs", "outputs"):
            body = f"x = super().{name}\nx['more'] = {{}}\nreturn x"
            found = read(tmp_path / f"{number}-{name}", body, base="BartLikeOnnxConfig", before=before, task=task,
                         use_past=use_past, name=name)  # fmt: skip
            words = list(dict.fromkeys(key.partition(".")[0] for key in getattr(built, name)))
            assert ways(found) == [[*words, "more"]]
