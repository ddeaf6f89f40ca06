"""What every registered ONNX configuration of a transformers 4 tree declares, as JSON: run by an interpreter with it.

    python declared_axes.py

Model type to feature to inputs and outputs, names with axes; of past key values the first layer.
"""

from __future__ import annotations

import json
import re
from typing import Any

from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.onnx.features import FeaturesManager

LATER = re.compile(r"\.[1-9]\d*\.")


def main() -> None:
    found: dict[str, dict[str, Any]] = {}
    for key, features in FeaturesManager._SUPPORTED_MODEL_TYPE.items():
        model_type = next(name for name in CONFIG_MAPPING if name.replace("_", "-") == key)
        try:
            config = CONFIG_MAPPING[model_type]()
        except ValueError:  # made of two others
            continue
        for feature, make in features.items():
            made = make(config)
            declared = {"inputs": _first_layer(made.inputs), "outputs": _first_layer(made.outputs)}
            found.setdefault(key, {})[feature] = declared
    print(json.dumps(found))


def _first_layer(names: Any) -> dict[str, dict[int, str]]:
    return {name: dict(axes) for name, axes in names.items() if not LATER.search(name)}


if __name__ == "__main__":
    main()
