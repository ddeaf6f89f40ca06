"""What a transformers 4 tree is once imported, as JSON: run by an interpreter that can import it, with it on the path.

    python imported_tree.py

`findings` are the inconsistencies that importing shows, under the names of our rules; `features` are the inputs and
outputs of every registered feature and the parameters of its models. Nothing here reads source.
"""

from __future__ import annotations

import inspect
import json
import sys
import typing
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

REGISTERED: list[tuple[tuple[str, ...], str]] = []
"""What `supported_features_mapping` was called with, in order."""


def _watch(frame: Any, event: str, argument: Any) -> None:
    if event == "call" and frame.f_code.co_name == "supported_features_mapping":
        REGISTERED.append((frame.f_locals["supported_features"], frame.f_locals["onnx_config_cls"]))


sys.setprofile(_watch)
features = import_module("transformers.onnx.features")
sys.setprofile(None)

import transformers  # noqa: E402 - only now: the registry had to be watched while it was made
from transformers.models.auto.configuration_auto import CONFIG_MAPPING  # noqa: E402
from transformers.onnx.config import OnnxConfig  # noqa: E402
from transformers.utils import ModelOutput  # noqa: E402

MANAGER = features.FeaturesManager
KEYS = list(MANAGER._SUPPORTED_MODEL_TYPE)
MODELS = Path(transformers.__file__).parent / "models"


def onnx_classes() -> dict[str, type]:
    """Every ONNX configuration class, by its module and name."""
    found = {}
    for path in sorted(MODELS.glob("**/configuration_*.py")):
        name = ".".join(("transformers.models", *path.relative_to(MODELS).with_suffix("").parts))
        for item in vars(import_module(name)).values():
            if isinstance(item, type) and issubclass(item, OnnxConfig) and item.__module__ == name:
                found[f"{name}.{item.__name__}"] = item
    return found


def model_classes(key: str, task: str) -> tuple[type, ...]:
    """The models that the Auto class of a task chooses from; none where it has none."""
    model_type = next((name for name in CONFIG_MAPPING if name.replace("_", "-") == key), key)
    table = MANAGER._TASKS_TO_AUTOMODELS[task]._model_mapping
    if model_type not in table._model_mapping:
        return ()
    found = table[CONFIG_MAPPING[model_type]]
    return found if isinstance(found, tuple) else (found,)


def declared(key: str, feature: str) -> tuple[Any, list[str] | None, list[str] | None]:
    """The ONNX configuration of a feature, its inputs and outputs; past key values by their first word, once."""
    model_type = next(name for name in CONFIG_MAPPING if name.replace("_", "-") == key)
    try:
        config = CONFIG_MAPPING[model_type]()
    except ValueError:  # made of two others
        return None, None, None
    onnx_config = MANAGER._SUPPORTED_MODEL_TYPE[key][feature](config)
    inputs, outputs = onnx_config.inputs, onnx_config.outputs
    return onnx_config, _words(inputs), _words(outputs)


def _words(names: Any) -> list[str]:
    return list(dict.fromkeys(name.partition(".")[0] for name in names))


def returned(model: type) -> list[str] | None:
    """The fields of the outputs that the annotation of `forward()` promises; None where it promises none."""
    promised = typing.get_type_hints(model.forward).get("return")
    outputs = [item for item in typing.get_args(promised) or (promised,) if _is_output(item)]
    return sorted({field.name for item in outputs for field in fields(item)}) or None


def _is_output(item: Any) -> bool:
    return isinstance(item, type) and issubclass(item, ModelOutput) and is_dataclass(item)


def parameters(model: type) -> list[str]:
    """The names `forward()` lists, without `self`."""
    listed = list(inspect.signature(model.forward).parameters.values())[1:]
    return [item.name for item in listed if item.kind not in (item.VAR_KEYWORD, item.VAR_POSITIONAL)]


def findings() -> list[tuple[str, str]]:
    """Every inconsistency as (rule, subject)."""
    found: list[tuple[str, str]] = []
    classes = onnx_classes()
    registered = {
        constructor.func.__self__ for key in KEYS for constructor in MANAGER._SUPPORTED_MODEL_TYPE[key].values()
    }
    helpers = set()
    for item in classes.values():
        for name in ("get_encoder_config", "get_decoder_config"):
            if hasattr(item, name):
                side = CONFIG_MAPPING["bert"]()
                made = getattr(item(side), name)(*([side] if name == "get_encoder_config" else [side, side]))
                helpers.add(type(made))
    for dotted, item in classes.items():
        if item in helpers:
            continue
        if item not in registered:
            found.append(("unregistered", item.__name__))
        if not hasattr(import_module(dotted.rsplit(".", 2)[0]), item.__name__):
            found.append(("not-exported", item.__name__))
    for key, (names, _) in zip(KEYS, REGISTERED, strict=True):
        found += [("duplicate-feature", f"{key}/{name}") for name in set(names) if names.count(name) > 1]
        tasks = {name.replace("-with-past", "") for name in names}
        found += [("unknown-feature", f"{key}/{task}") for task in tasks if task not in MANAGER._TASKS_TO_AUTOMODELS]
        found += [
            ("no-outputs-for-task", f"{key}/{task}")
            for task in tasks
            if task not in OnnxConfig._tasks_to_common_outputs
        ]
        found += [("no-auto-class", f"{key}/{task}") for task in tasks if not model_classes(key, task)]
        exported = {model_classes(key, task) for task in tasks}
        for task in MANAGER._TASKS_TO_AUTOMODELS:
            models = model_classes(key, task)
            if models and task not in tasks and models not in exported:
                found.append(("missing-feature", f"{key}/{task}"))
        found += signature_findings(key, names)
    return sorted(set(found))


def signature_findings(key: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    found = []
    for name in names:
        onnx_config, inputs, _ = declared(key, name)
        models = model_classes(key, name.replace("-with-past", ""))
        if not inputs or not models:
            continue
        signatures = [inspect.signature(model.forward).parameters for model in models]
        own = type(onnx_config).__name__
        is_open = any(item.kind is item.VAR_KEYWORD for each in signatures for item in each.values())
        unknown = [item for item in inputs if not any(item in each for each in signatures)]
        found += [("input-not-in-forward", f"{own}.{item}") for item in unknown if not is_open]
        for item in list(signatures[0])[1:]:
            required = all(item in each and each[item].default is inspect.Parameter.empty for each in signatures)
            named = signatures[0][item].kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
            if required and named and item not in inputs:
                found.append(("required-input-missing", f"{key}/{name}/{item}"))
        if not any(model.main_input_name in inputs for model in models):
            found.append(("main-input-missing", f"{key}/{name}"))
        order = [[item for item in each if item in inputs] for each in signatures]
        if not any(each == [item for item in inputs if item in each] for each in order):
            found.append(("input-order", f"{own}"))
    return found


def main() -> None:
    """Print it all."""
    described = []
    for key in KEYS:
        for feature in MANAGER._SUPPORTED_MODEL_TYPE[key]:
            _, inputs, outputs = declared(key, feature)
            models = {
                model.__name__: {
                    "parameters": parameters(model),
                    "main_input": model.main_input_name,
                    "fields": returned(model),
                }
                for model in model_classes(key, feature.replace("-with-past", ""))
            }
            described.append({"key": key, "feature": feature, "inputs": inputs, "outputs": outputs, "models": models})
    print(json.dumps({"version": transformers.__version__, "findings": findings(), "features": described}))


if __name__ == "__main__":
    main()
