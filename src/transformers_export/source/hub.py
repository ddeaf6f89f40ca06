"""Hub remote-code folders: what `auto_map` of their JSON files names, and what of it can be exported.

transformers loads `"AutoModel": "modeling_x.XModel"` from the file modeling_x.py beside config.json; before `--` may
stand another repository. A tokenizer or image processor may have two, a slow and a fast one, of which either may be
null. Files of other repositories are not here and are not looked up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from transformers_export.source.configuration import key_of
from transformers_export.source.modeling import Heads
from transformers_export.source.python import Unread
from transformers_export.source.registry import READY_MADE, Entry, Feature, Registry, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers_export.source.configuration import OnnxClass
    from transformers_export.source.snapshot import Snapshot

CONFIG = "config.json"
_FILES = (CONFIG, "tokenizer_config.json", "preprocessor_config.json", "processor_config.json")
_ONE = ("AutoConfig", "AutoModel")
"""How the names of Auto classes begin that take one class, no pair."""
_CACHED_TASKS = frozenset(("default", "causal-lm", "seq2seq-lm", "speech2seq-lm", "vision2seq-lm"))
"""Tasks whose models decode token by token, so that `with_past` gives them a second feature."""


class Reference(NamedTuple):
    """One class that an `auto_map` names."""

    path: str
    """The JSON file."""
    line: int
    column: int
    auto_class: str
    written: str
    """As written, e.g. `modeling_x.XModel`; the JSON of anything that is no string."""
    module: str = ""
    """The file without `.py`; empty where the reference has another form than `module.Class`."""
    name: str = ""
    repository: str = ""
    """The other repository that the file lies in."""

    @property
    def file(self) -> str:
        """The file the class must be in."""
        return f"{self.module}.py"


class Folder(NamedTuple):
    """What the JSON files of a Hub folder say."""

    references: tuple[Reference, ...] = ()
    model_type: str = ""
    unread: tuple[Unread, ...] = ()


def read_folder(snapshot: Snapshot) -> Folder:
    """Read every JSON file that may have an `auto_map`. A file that is no JSON is reported as not read."""
    references: list[Reference] = []
    unread: list[Unread] = []
    model_type = ""
    for path in _FILES:
        content = snapshot.tree.read(path)
        if content is None or (path != CONFIG and b"auto_map" not in content):
            continue
        try:
            text = content.decode()
            said: object = json.loads(text.removeprefix("\ufeff"))
        except (
            ValueError,
            RecursionError,
        ) as error:  # also no UTF-8, and what is beyond Python: a number, a nesting
            unread.append(Unread(path, getattr(error, "lineno", 1), f"no valid JSON: {error}", broken=True))
            continue
        if isinstance(said, dict):
            references += _references(path, text, said.get("auto_map"))
            if path == CONFIG and isinstance(said.get("model_type"), str):
                model_type = said["model_type"]
    return Folder(tuple(references), model_type, tuple(unread))


def _references(path: str, text: str, auto_map: object) -> Iterator[Reference]:
    start = max(text.find('"auto_map"'), 0)
    if isinstance(auto_map, list):  # the first form of tokenizer_config.json: the pair itself
        auto_map = {"AutoTokenizer": auto_map}
    if not isinstance(auto_map, dict):
        if auto_map is not None:
            yield Reference(path, *_place(text, start), "auto_map", json.dumps(auto_map))
        return
    for auto_class, value in auto_map.items():
        key = text.find(json.dumps(auto_class), start)
        at = key if key > 0 else start
        pair = isinstance(value, list) and len(value) == 2 and not auto_class.startswith(_ONE)
        for item in value if pair else (value,):
            if isinstance(item, str):
                found = text.find(json.dumps(item), at)
                yield _reference(path, _place(text, found if found > 0 else at), auto_class, item)
            elif item is not None:
                yield Reference(path, *_place(text, at), auto_class, json.dumps(item))


def _reference(path: str, place: tuple[int, int], auto_class: str, written: str) -> Reference:
    repository, _, inner = written.rpartition("--")
    module, _, name = inner.partition(".")
    if not (module.isidentifier() and name.isidentifier()) or "--" in repository:
        return Reference(path, *place, auto_class, written)
    return Reference(path, *place, auto_class, written, module, name, repository)


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def key(snapshot: Snapshot) -> str | None:
    """The registry key of the folder's one model."""
    if snapshot.hub and snapshot.hub.model_type:
        return key_of(snapshot.hub.model_type)
    return next((item.key for path in snapshot.configurations for item in snapshot.model_types(path)), None)


def onnx_class(snapshot: Snapshot) -> OnnxClass | None:
    """The folder's ONNX configuration: the last class, helpers and bases stand above what uses them."""
    classes = [item for path in snapshot.configurations for item in snapshot.onnx_classes(path)]
    return classes[-1] if classes else None


def registry(snapshot: Snapshot) -> Registry:
    """What the folder exports, as if it were registered: the tasks of the Auto classes in `auto_map` of config.json."""
    ready = read(snapshot, READY_MADE[:1])
    name, item = key(snapshot), onnx_class(snapshot)
    if name is None or item is None:
        return Registry((), ready.tasks)
    tasks = {auto: task for task, autos in ready.tasks.items() for auto in autos}
    features: list[Feature] = []
    for reference in _models(snapshot):
        task = tasks.get(reference.auto_class)
        if task:
            past = [f"{task}-with-past"] if item.past and task in _CACHED_TASKS else []
            features += [Feature(each, reference.line, reference.column) for each in (task, *past)]
    target = f"{snapshot.module_of(item.path)}.{item.name}"
    return Registry((Entry(name, CONFIG, 1, 1, tuple(features), target),), ready.tasks)


def heads(snapshot: Snapshot) -> Heads:
    """The model classes that `auto_map` of config.json names, by Auto class."""
    name = key(snapshot)
    if name is None:
        return Heads()
    return Heads(
        {item.auto_class: {name: (f"{item.module}.{item.name}",)} for item in _models(snapshot) if item.module}
    )


def _models(snapshot: Snapshot) -> Iterator[Reference]:
    for item in snapshot.hub.references if snapshot.hub else ():
        if item.path == CONFIG and item.auto_class.startswith("AutoModel"):
            yield item
