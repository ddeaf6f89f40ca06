"""From a configuration file to the facts about its model. Nothing is imported and nothing decided here.

The heads come from the Auto tables of a transformers checkout, the register calls of a package, or the `auto_map` of a
Hub folder; what the tokenizer makes is read in `tokenizer.py`.
"""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING

from transformers_export import cache_names
from transformers_export.scaffold import tokenizer
from transformers_export.scaffold.facts import CannotScaffoldError, Facts, Head
from transformers_export.source import configuration, python
from transformers_export.source.forward import Signature
from transformers_export.source.python import Unread

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from transformers_export.scaffold.facts import Dialect
    from transformers_export.source.configuration import ModelType
    from transformers_export.source.snapshot import Snapshot

_ROOTS = ("PretrainedConfig", "PreTrainedConfig")
_DEEP = 12
_TABLES = ("_tasks_to_common_outputs", "_TASKS_TO_COMMON_OUTPUTS")
_BASE = {"transformers": "transformers.onnx.config.OnnxConfig", "own": "transformers_export.onnx.config.OnnxConfig"}
_GENERIC = ("input_ids", "attention_mask", "position_ids", cache_names.DECLARED, "inputs_embeds")
"""What the heads in `transformers.modeling_layers` take."""
_OF_ALL = ("name_or_path", "output_hidden_states", "output_attentions", "return_dict")


def facts(snapshot: Snapshot, path: str, class_name: str | None = None) -> Facts:
    """Read everything about the model of a configuration file.

    Args:
        snapshot: The repository.
        path: The file, relative to the root.
        class_name: Which of its configuration classes, where there are several.

    Raises:
        CannotScaffoldError: No model configuration, several, one that is exported already, or no model to export.
    """
    chosen = choose(snapshot, path, class_name)
    _require_none_yet(snapshot, chosen)
    heads: list[Head] = []
    unread: list[str] = []
    for task, names in _models(snapshot, chosen).items():
        for name in names[:1]:
            head = _head(snapshot, path, task, name)
            if isinstance(head, Head):
                heads.append(head)
            else:
                unread.append(head)
    if not heads:
        raise CannotScaffoldError(_no_heads(snapshot, chosen, unread))
    source = snapshot.source(path)
    item = source.classes[chosen.class_name] if source else None
    attributes, known = _attributes(snapshot, item) if item else (frozenset[str](), False)
    dialect: Dialect = "transformers" if snapshot.layout == "transformers-4" else "own"
    return Facts(
        model_type=chosen.value,
        config_class=chosen.class_name,
        heads=tuple(heads),
        attributes=attributes,
        attributes_known=known,
        token_types=_default(item, "type_vocab_size") if item else None,
        tokenizer_inputs=tokenizer.inputs(snapshot, chosen),
        base_outputs=_base_outputs(snapshot, _BASE[dialect]),
        dialect=dialect,
        unread=tuple(unread),
    )


def choose(snapshot: Snapshot, path: str, class_name: str | None) -> ModelType:
    """The model configuration of a file that an ONNX configuration is to be written for.

    Raises:
        CannotScaffoldError: The file is no Python, or holds no such class, or several and none is named.
    """
    source = snapshot.source(path)
    if source is None:
        raise CannotScaffoldError(f"{path}: no such file. Name the file that holds the model's configuration class.")
    if source.unread:
        first = source.unread[0]
        raise CannotScaffoldError(f"{path}:{first.line}: {first.why}. Mend the file first.")
    found = configuration.model_types(source)
    if not found:
        raise CannotScaffoldError(
            f"{path} holds no class with a model_type: expected a configuration class such as "
            '`class PloverConfig(PreTrainedConfig): model_type = "plover"`.'
        )
    names = ", ".join(item.class_name for item in found)
    if class_name is not None:
        named = [item for item in found if item.class_name == class_name]
        if not named:
            raise CannotScaffoldError(f"{path} holds no configuration class {class_name} with a model_type: {names}.")
        return named[0]
    if len(found) > 1:
        raise CannotScaffoldError(f"{path} holds several configuration classes: {names}. Choose one with --class NAME.")
    return found[0]


def _require_none_yet(snapshot: Snapshot, chosen: ModelType) -> None:
    """Refuse a model that has a class already, registered or not."""
    entry = snapshot.registry.entry(chosen.key)
    if entry is not None:
        name = entry.onnx_config.rpartition(".")[2]
        raise CannotScaffoldError(
            f'"{chosen.key}" is exported already, with {name} ({entry.path}:{entry.line}). Edit that class.'
        )
    expected = chosen.class_name.removesuffix("Config") + "OnnxConfig"
    alone = len(configuration.model_types(_source(snapshot, chosen.path))) == 1
    for item in snapshot.onnx_classes(chosen.path):
        if item.name == expected or alone:
            raise CannotScaffoldError(
                f"{chosen.path}:{item.line} has {item.name} already, it only is not registered. Register it: "
                f"transformers-export check {chosen.path} says how."
            )
    if expected in _source(snapshot, chosen.path).classes:
        raise CannotScaffoldError(f"{chosen.path} has another class named {expected}: rename it first.")


def _source(snapshot: Snapshot, path: str) -> python.Source:
    source = snapshot.source(path)
    return source if source is not None else python.Source(path)


def _models(snapshot: Snapshot, chosen: ModelType) -> dict[str, tuple[str, ...]]:
    """Task to the model classes its Auto class chooses from, in the order of the table of tasks."""
    tasks = snapshot.registry.tasks
    if snapshot.layout == "remote-code":
        return _auto_map(snapshot)
    found = {task: snapshot.heads.classes(autos, chosen.key) for task, autos in tasks.items()}
    return {task: names for task, names in found.items() if names}


def _auto_map(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """The heads that `auto_map` of config.json names, as `modeling_x.XForCausalLM`."""
    try:
        read: object = json.loads(snapshot.tree.read("config.json") or b"{}")
    except ValueError as error:
        raise CannotScaffoldError(f"config.json is no valid JSON: {error}. Mend it first.") from error
    table = read.get("auto_map") if isinstance(read, dict) else None
    named = table if isinstance(table, dict) else {}
    found: dict[str, tuple[str, ...]] = {}
    for task, autos in snapshot.registry.tasks.items():
        value = next((named[auto] for auto in autos if isinstance(named.get(auto), str)), None)
        if value:
            found[task] = (value.rpartition("--")[2],)  # what stands before is another repository
    return found


def _no_heads(snapshot: Snapshot, chosen: ModelType, unread: list[str]) -> str:
    if unread:
        return f"No model of {chosen.class_name} could be read: {'; '.join(unread)}."
    where = {
        "transformers-4": "the tables in models/auto/modeling_auto.py",
        "remote-code": "auto_map of config.json",
    }.get(snapshot.layout, "a call such as AutoModel.register(PloverConfig, PloverModel)")
    others = "; ".join(item.why for item in snapshot.heads.unread)
    doubt = f" Not all could be read: {others}." if others else ""
    return (
        f'No Auto class of a known task has a model for "{chosen.value}", so there is no forward() to read: expected '
        f"one in {where}.{doubt} Write and register the model first."
    )


def _head(snapshot: Snapshot, path: str, task: str, name: str) -> Head | str:
    """One head, or why it could not be read."""
    model = snapshot.models.find(path, name)
    if model is None:
        return f"{name.rpartition('.')[2]} ({task}) is not in this repository"
    shipped = _shipped(snapshot, model.item)
    signature = Signature(_GENERIC, (), is_open=True) if shipped else snapshot.models.signature(model)
    if isinstance(signature, Unread):
        return f"{signature.why} ({task})"
    fields = snapshot.models.fields(model)
    return Head(
        task=task,
        model=model.item.name,
        parameters=_as_declared(signature.parameters),
        required=signature.required,
        fields=None if isinstance(fields, Unread) else frozenset(_as_declared(fields)),
    )


def _as_declared(names: Collection[str]) -> tuple[str, ...]:
    """Names of a model with the cache called as a configuration declares it."""
    cache = cache_names.find(names)
    return tuple(cache_names.DECLARED if name == cache else name for name in names)


def _shipped(snapshot: Snapshot, item: python.Class) -> bool:
    """Whether transformers brings its `forward()`: decoders of transformers 5 take their other heads from there."""
    source = snapshot.part(item.path, item.name)
    own = any(getattr(node, "name", "") == "forward" for node in item.node.body)
    first = snapshot.targets(source, item.bases[0]) if source and item.bases and not own else ()
    return any(target.startswith("transformers.modeling_layers.GenericFor") for target in first)


def _attributes(snapshot: Snapshot, item: python.Class, depth: int = 0) -> tuple[frozenset[str], bool]:
    """What objects of a configuration class have, and whether that is all."""
    found = set(item.brings) | set(_mapped(item))
    known = len(item.bases) == len(item.node.bases) and depth < _DEEP
    source = _source(snapshot, item.path)
    for base in item.bases:
        if base.rpartition(".")[2] in _ROOTS:
            found.update(_OF_ALL)
            continue
        above = next(filter(None, map(snapshot.find_class, snapshot.targets(source, base))), None)
        if above is None or not known:
            known = False
            continue
        inherited, all_of_them = _attributes(snapshot, above, depth + 1)
        found |= inherited
        known = known and all_of_them
    return frozenset(found), known


def _default(item: python.Class, name: str) -> int | None:
    """The number that an attribute is unless somebody says otherwise: in the class body, or of a parameter."""
    for node in item.nodes:
        value = None
        if isinstance(node, ast.arguments):
            listed = dict(zip([each.arg for each in reversed(node.args)], reversed(node.defaults), strict=False))
            value = listed.get(name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            return value.value
    return None


def _mapped(item: python.Class) -> Iterator[str]:
    """The names that `attribute_map` gives other attributes."""
    for node in item.node.body:
        for key, _ in _table(node, "attribute_map"):
            name = python.text(key)
            if name:
                yield name


def _table(node: ast.stmt, *names: str) -> list[tuple[ast.expr | None, ast.expr]]:
    """Keys and values of the dictionary that a statement assigns to one of the names; none where it does not."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    assigns = any(isinstance(target, ast.Name) and target.id in names for target in targets)
    return (python.pairs(value) or []) if assigns and value is not None else []


def _base_outputs(snapshot: Snapshot, dotted: str) -> dict[str, tuple[str, ...]]:
    """Task to the output names that the base class declares, as its table says; what is computed is left out."""
    base = snapshot.find_class(dotted)
    found: dict[str, tuple[str, ...]] = {}
    for node in base.node.body if base else ():
        for key, outputs in _table(node, *_TABLES):
            task = python.text(key)
            names = [python.text(name) for name, _ in python.pairs(outputs) or ()]
            if task:
                found[task] = tuple(name for name in names if name)
    return found
