"""The forms in which transformers wrote its ONNX registry, matrix, docs, exports and Auto tables over the years.

Plain text in, plain text out; which era had which form is in `history.py`. The forms are those of the files of the
time, with our own words around them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AUTO = "src/transformers/models/auto"


def without_classes(text: str, gone: Callable[[str], bool]) -> str:
    """A file without some of its classes, and without their names in `__all__`."""
    lines = text.splitlines(keepends=True)
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.ClassDef) and gone(node.name):
            del lines[node.lineno - 1 : node.end_lineno]
    text, names = "".join(lines), listed(text)
    kept = [name for name in names if not gone(name)]
    return text if kept == names else _with_list(text, kept)


def without_imports(text: str) -> str:
    """A file that imports nothing of `transformers.onnx` any more."""
    lines = text.splitlines(keepends=True)
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.ImportFrom) and node.level and (node.module or "").startswith("onnx"):
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(lines)


def listed(text: str) -> list[str]:
    """The names in a file's `__all__`, which upstream writes at its end."""
    _, found, written = text.partition("\n__all__ = ")
    return list(ast.literal_eval(written.strip())) if found else []


def without_list(content: bytes) -> bytes:
    """A file without `__all__`, which older trees did not have."""
    return _with_list(content.decode(), None).encode()


def _with_list(text: str, names: list[str] | None) -> str:
    before, found, _ = text.partition("\n__all__ = ")
    return before + (f"{found}{names!r}\n" if found and names is not None else "\n")


def package_init(modules: dict[str, list[str]]) -> str:
    """A package's `__init__` with `_import_structure`; what needs torch is added where torch is there."""
    light = {name: names for name, names in modules.items() if not name.startswith(("modeling", "image", "feature"))}
    entries = "".join(f'    "{name}": [{_quoted(names)}],\n' for name, names in light.items())
    heavy = "".join(_HEAVY.format(name=name, names=_quoted(modules[name])) for name in modules if name not in light)
    imports = "".join(f"    from .{name} import {', '.join(names)}\n" for name, names in modules.items())
    return _INIT.format(entries=entries, heavy=heavy, imports=imports)


def registry(
    text: str, table: str, classes: dict[str, tuple[str, str]], features: dict[str, list[str]], tensorflow: bool
) -> str:
    """The registry of 2021 and early 2022: configuration classes imported at its top, and named in the table."""
    imports = "".join(f"from ..models.{classes[key][0]} import {classes[key][1]}\n" for key in features)
    entries = "".join(
        f'        "{key}": supported_features_mapping(\n'
        f"            {_quoted(names)}, onnx_config_cls={classes[key][1]}\n        ),\n"
        for key, names in features.items()
    )
    tasks = {name.replace("-with-past", "") for names in features.values() for name in names}
    tables = [("_TASKS_TO_AUTOMODELS", "torch")] + ([("_TASKS_TO_TF_AUTOMODELS", "tf")] if tensorflow else [])
    written = "".join(_tasks(text, name, how, tasks, guarded=tensorflow) for name, how in tables)
    autos = [name for name in _auto_names(text) if tensorflow or not name.startswith("TF")]
    return _REGISTRY.format(imports=imports, autos=_several(autos), tasks=written, table=table, entries=entries)


def first_registry(classes: dict[str, tuple[str, str]], features: dict[str, list[str]]) -> str:
    """The registry of July 2021, in the command itself. One entry names the class in place of its constructor."""
    imports = "".join(f"from transformers.models.{classes[key][0]} import {classes[key][1]}\n" for key in features)
    entries = "".join(
        f'    "{key}": {{"default": {classes[key][1]}{"" if key == "roberta" else ".default"}}},\n' for key in features
    )
    return _FIRST_REGISTRY.format(imports=imports, entries=entries)


def july_classes(text: str) -> str:
    """A configuration file whose ONNX class is written as in July 2021: plain properties, nothing inherited."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("OnnxConfig"):
            past = any("Past" in ast.unparse(base) for base in node.bases)
            lines = text.splitlines(keepends=True)
            lines[node.lineno - 1 : node.end_lineno] = [_JULY_PAST if past else _JULY_PLAIN]
            text = "".join(lines).replace("<name>", node.name)
            return text.replace(
                "import OnnxConfig, OnnxConfigWithPast, OnnxSeq2SeqConfigWithPast", _JULY_IMPORT
            ).replace("import OnnxSeq2SeqConfigWithPast", _JULY_IMPORT)
    return text


def class_tables(root: Path) -> dict[str, bytes | None]:
    """Auto tables of classes, as until August 2021: (configuration class, model class)."""
    configurations = dict(
        _pairs((root / AUTO / "configuration_auto.py").read_text(encoding="utf-8"))["CONFIG_MAPPING_NAMES"]
    )
    text = (root / AUTO / "modeling_auto.py").read_text(encoding="utf-8")
    tables, found = _pairs(text), []
    mappings = {
        ast.unparse(node.targets[0]): ast.unparse(node.value.args[1])
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.value.args) == 2
    }
    for name, table in mappings.items():
        rows = [(configurations[key], model) for key, model in tables.get(table, ()) if key in configurations]
        written = (f"        ({key}, {model if isinstance(model, str) else _joined(model)}),\n" for key, model in rows)
        found.append(f"{name} = OrderedDict(\n    [\n        # {name}\n{''.join(written)}    ]\n)\n\n")
    autos = [
        f"class {node.name}(_BaseAutoModelClass):\n    _model_mapping = {ast.unparse(node.body[0].value)}\n\n\n"
        f"{node.name} = auto_class_update({node.name})\n\n\n"
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef) and node.body and isinstance(node.body[0], ast.Assign)
    ]
    shown = (root / AUTO / "configuration_auto.py").read_text(encoding="utf-8")
    types = "".join(f'        ("{key}", {name}),\n' for key, name in configurations.items())
    old = f"CONFIG_MAPPING = OrderedDict(\n    [\n{types}    ]\n)\n"
    return {
        f"{AUTO}/modeling_auto.py": ("from collections import OrderedDict\n\n" + "".join((*found, *autos))).encode(),
        f"{AUTO}/configuration_auto.py": shown.replace(
            "CONFIG_MAPPING = _LazyConfigMapping(CONFIG_MAPPING_NAMES)\n", old
        ).encode(),
    }


def matrix(
    features: dict[str, list[str]], classes: dict[str, tuple[str, str]], tuples: int, *, tensorflow: bool
) -> str:
    """The matrix: tuples of five with classes in 2021, pairs since; TensorFlow sets since 2022."""
    past = [key for key, names in features.items() if any(name.endswith("-with-past") for name in names)]
    two_sided = [key for key in past if any("2seq" in name for name in features[key])]
    plain = list(features) if tuples == 5 else [key for key in features if key not in past]
    if tuples == 5:
        sets = {"PYTORCH_EXPORT_DEFAULT_MODELS": plain, "PYTORCH_EXPORT_WITH_PAST_MODELS": past}
    else:
        decoders = [key for key in past if key not in two_sided]
        sets = {"PYTORCH_EXPORT_MODELS": plain, "PYTORCH_EXPORT_WITH_PAST_MODELS": decoders}
        sets["PYTORCH_EXPORT_SEQ2SEQ_WITH_PAST_MODELS"] = two_sided
    if tensorflow:
        known = ("albert", "bert", "camembert", "distilbert", "roberta")
        sets["TENSORFLOW_EXPORT_DEFAULT_MODELS"] = [key for key in known if key in features]
        sets["TENSORFLOW_EXPORT_WITH_PAST_MODELS"] = []
    row = _five if tuples == 5 else _two
    indent = "    " if tuples == 5 else ""
    body = "\n\n".join(_set(name, [row(key, classes[key][1]) for key in keys], indent) for name, keys in sets.items())
    head = "if is_torch_available():\n    from transformers import AlbertModel\n\n" if tuples == 5 else ""
    return f"from unittest import TestCase\n\n\n{head}{body}\n\n\nclass OnnxExportTestCaseV2(TestCase):\n    pass\n"


def docs(page: str, path: str, names: list[str]) -> str:
    """The docs page with the list, in Markdown or reStructuredText."""
    if path.endswith(".rst"):
        rows = "".join(f"* {name}\n" for name in names)
        return (
            f"Exporting transformers models\n{'*' * 80}\n\nReady-made configurations:\n\n{rows}\n.. code-block:: bash\n"
        )
    return page.partition("- ")[0] + "".join(f"- {name}\n" for name in names)


def shown(text: str) -> dict[str, str]:
    """Model type to the name it is shown with."""
    return {key: name for key, name in _pairs(text)["MODEL_NAMES_MAPPING"] if isinstance(name, str)}


_SHOWN = {"gpt-neo": "GPT-Neo", "layoutlm": "LayoutLM", "roberta": "Roberta", "xlm-roberta": "XLM-Roberta"}


def _five(key: str, onnx_config: str) -> str:
    name = onnx_config.removesuffix("OnnxConfig")
    return f'("{_SHOWN.get(key, key.upper())}", "x/{key}", {name}Model, {name}Config, {onnx_config})'


def _two(key: str, onnx_config: str) -> str:
    return f'("{key}", "x/{key}")'


def _set(name: str, rows: list[str], indent: str) -> str:
    if not rows:
        return f"{indent}{name} = {{}}"
    return f"{indent}{name} = {{\n" + "".join(f"{indent}    {row},\n" for row in rows) + f"{indent}}}"


def _pairs(text: str) -> dict[str, list[tuple[str, str | tuple[str, ...]]]]:
    """Every `NAME = OrderedDict([(key, value), ...])` of a file."""
    found = {}
    for node in ast.parse(text).body:
        value = node.value if isinstance(node, ast.Assign) else None
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "OrderedDict" and value.args:
            found[ast.unparse(node.targets[0])] = ast.literal_eval(value.args[0])
    return found


def _tasks(text: str, name: str, how: str, tasks: set[str], *, guarded: bool) -> str:
    """A table of tasks; since 2022 an empty one that is filled where the framework is there."""
    rows = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name and isinstance(node.value, ast.Dict):
            rows.update(
                (ast.literal_eval(key), ast.unparse(value))
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if key is not None
            )
    indent = "    " * (2 if guarded else 1)
    written = "".join(f'{indent}    "{task}": {_class(auto)},\n' for task, auto in rows.items() if task in tasks)
    before = f"    {name} = {{}}\n    if is_{how}_available():\n" if guarded else ""
    return f"{before}{indent}{name} = {{\n{written}{indent}}}\n"


def _class(auto: str) -> str:
    return ast.literal_eval(auto) if auto.startswith("'") else auto


def _auto_names(text: str) -> list[str]:
    return [
        alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.module == "transformers.models.auto"
        for alias in node.names
    ]


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _joined(names: tuple[str, ...]) -> str:
    return "(" + ", ".join(names) + ")"


def _several(names: list[str]) -> str:
    return "".join(f"        {name},\n" for name in names)


_INIT = """\
from typing import TYPE_CHECKING

from ...utils import OptionalDependencyNotAvailable, _LazyModule, is_torch_available


_import_structure = {{
{entries}}}
{heavy}
if TYPE_CHECKING:
{imports}
else:
    import sys

    sys.modules[__name__] = _LazyModule(__name__, globals()["__file__"], _import_structure, module_spec=__spec__)
"""

_HEAVY = """
try:
    if not is_torch_available():
        raise OptionalDependencyNotAvailable()
except OptionalDependencyNotAvailable:
    pass
else:
    _import_structure["{name}"] = [{names}]
"""

_REGISTRY = """\
from functools import partial, reduce

from .. import is_tf_available, is_torch_available
{imports}

if is_torch_available():
    from transformers.models.auto import (
{autos}    )


def supported_features_mapping(*supported_features, onnx_config_cls=None):
    return {{feature: partial(onnx_config_cls.from_model_config, task=feature) for feature in supported_features}}


class FeaturesManager:
{tasks}
    {table} = {{
{entries}    }}

    AVAILABLE_FEATURES = sorted(reduce(lambda s1, s2: s1 | s2, (v.keys() for v in {table}.values())))
"""

_FIRST_REGISTRY = """\
from argparse import ArgumentParser

from transformers.models.auto import AutoTokenizer
{imports}
from .. import is_torch_available
from .convert import export, validate_model_outputs


if is_torch_available():
    from transformers import AutoModel

    FEATURES_TO_AUTOMODELS = {{
        "default": AutoModel,
    }}

SUPPORTED_MODEL_KIND = {{
{entries}}}


def main():
    parser = ArgumentParser("Hugging Face ONNX Exporter tool")
"""

JULY_CONFIG = b"""\
from abc import ABC, abstractmethod
from collections import OrderedDict

DEFAULT_ONNX_OPSET = 11


class OnnxConfig(ABC):
    def __init__(self, config, patching_specs=None):
        self._config = config

    @classmethod
    def default(cls, config):
        return cls(config)

    @property
    @abstractmethod
    def inputs(self):
        raise NotImplementedError()

    @property
    @abstractmethod
    def outputs(self):
        raise NotImplementedError()


class OnnxConfigWithPast(OnnxConfig, ABC):
    def __init__(self, config, patching_specs=None, use_past=False):
        super().__init__(config, patching_specs)
        self.use_past = use_past

    @classmethod
    def with_past(cls, config):
        return cls(config, use_past=True)
"""

_JULY_IMPORT = "import OnnxConfigWithPast"

_JULY_PLAIN = """\
class <name>(OnnxConfig):
    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        return OrderedDict(
            [
                ("input_ids", {0: "batch", 1: "sequence"}),
                ("attention_mask", {0: "batch", 1: "sequence"}),
            ]
        )

    @property
    def outputs(self) -> Mapping[str, Mapping[int, str]]:
        return OrderedDict([("last_hidden_state", {0: "batch", 1: "sequence"})])
"""

_JULY_PAST = """\
class <name>(OnnxConfigWithPast):
    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        return OrderedDict(
            [
                ("input_ids", {0: "batch", 1: "sequence"}),
                ("attention_mask", {0: "batch", 1: "sequence"}),
            ]
        )

    @property
    def outputs(self) -> Mapping[str, Mapping[int, str]]:
        if self.use_past:
            return OrderedDict(
                [
                    ("last_hidden_state", {0: "batch", 1: "sequence"}),
                    ("past_keys", {0: "batch", 2: "sequence"}),
                ]
            )
        else:
            return OrderedDict([("last_hidden_state", {0: "batch", 1: "sequence"})])
"""
