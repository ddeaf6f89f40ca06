"""From a case to what is exported: the model configuration, its OnnxConfig constructor and the model class.

Worker side, part of the door that `run.py` is. One function for each kind of provider; what they have in common is that
nothing is looked up by a table of architectures.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformers_export import tiny
from transformers_export.cases.imports import foreign

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from transformers_export.cases.types import Case

_WITH_PAST = "-with-past"


class ProviderError(Exception):
    """The project does not provide what the case needs; the message says what was looked for and where."""


@dataclass(frozen=True)
class Subject:
    """What a case exports."""

    config: Any
    """A `PretrainedConfig` with its default sizes."""
    make_onnx_config: Callable[[Any], Any]
    """From the (small) model's configuration to the OnnxConfig of the case's feature."""
    model_class: Any
    """An Auto class or a model class."""


def find_subject(case: Case) -> Subject:
    """Import what the case names.

    Raises:
        ProviderError: something is not where the provider says.
        KeyError, ValueError: the registry knows no such model type or feature; the message lists those it knows.
        ImportError: and whatever else the project's modules raise while they are imported.
    """
    if case.provider.kind == "remote-code":
        return _remote_code(case)
    for module in case.provider.modules:
        _require_own(case.provider.folder, importlib.import_module(module))
    config = tiny.start(configuration_class(case.model_type))
    if case.provider.kind == "transformers":
        _require_own(case.provider.folder, importlib.import_module("transformers"))
        theirs = _transformers_manager()
        make = theirs.get_config(case.model_type, case.feature)
        return Subject(config, make, theirs.get_model_class_for_feature(case.feature))
    ours = _own_manager()
    make = ours.get_config(case.model_type, case.feature)
    return Subject(config, make, ours.get_model_class_for_feature(case.feature, model_type=case.model_type))


def _require_own(folder: str, module: ModuleType) -> None:
    """Raise `ProviderError` for a module that is not the checked repository's."""
    if folder and (why := foreign(folder, module)):
        raise ProviderError(why)


def _own_manager() -> Any:
    from transformers_export.onnx.features import FeaturesManager

    return FeaturesManager


def _transformers_manager() -> Any:
    try:
        return importlib.import_module("transformers.onnx.features").FeaturesManager
    except ModuleNotFoundError as error:
        import transformers

        raise ProviderError(
            f"Expected a transformers 4.x with `transformers.onnx`, got {transformers.__version__} from "
            f"{transformers.__file__}. Run the check with the interpreter this checkout is installed in."
        ) from error


def configuration_class(model_type: str) -> Any:
    """Find the class AutoConfig has for a registry key, which has dashes where a model type may have underscores."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    wanted = _plain(model_type)
    known = [key for key in CONFIG_MAPPING if _plain(key) == wanted]
    if not known:
        raise ProviderError(
            f"AutoConfig knows no model type {model_type!r}. Expected AutoConfig.register({model_type!r}, ...) to have "
            "been called by one of the imported modules."
        )
    return CONFIG_MAPPING[known[0]]


def _plain(model_type: str) -> str:
    return model_type.lower().replace("_", "-")


def _remote_code(case: Case) -> Subject:
    """Load configuration and OnnxConfig from a Hub folder, as `trust_remote_code=True` does."""
    from transformers import AutoConfig

    folder, (module, _, name) = case.provider.folder, case.provider.onnx_config.rpartition(".")
    if not module:
        raise ProviderError(f"Expected `module.Class` below {folder} as OnnxConfig, got {case.provider.onnx_config!r}.")
    config = AutoConfig.from_pretrained(folder, trust_remote_code=True)
    onnx_config = _load_remote_class(f"{module}.{name}", folder)

    def make(small: Any) -> Any:
        task = _own_manager().feature_to_task(case.feature)
        construct = onnx_config.with_past if case.feature.endswith(_WITH_PAST) else onnx_config.from_model_config
        return construct(small, task=task)

    return Subject(config, make, _own_manager().get_model_class_for_feature(case.feature))


def _load_remote_class(reference: str, folder: str) -> Any:
    """Take the class from the module transformers made of the folder's file, so that it is the same module twice."""
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    found = get_class_from_dynamic_module(reference, folder)
    if not isinstance(found, type):
        raise ProviderError(f"Expected a class as {reference} in {folder}, got {found!r} ({sys.version_info[:2]}).")
    return found
